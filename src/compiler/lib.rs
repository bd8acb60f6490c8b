//! Source to code objects.
