//! Reading a Python signature: `"sort(self, /, *, key=None, reverse=False)"`.

use proc_macro2::{Span, TokenStream};
use quote::quote;

/// How an argument reaches a parameter.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    PositionalOnly,
    PositionalOrKeyword,
    VarPositional,
    KeywordOnly,
    VarKeyword,
}

pub struct Parameter {
    pub name: String,
    pub kind: Kind,
    pub default: Option<String>,
}

pub struct Signature {
    pub name: String,
    /// The part in parentheses, as written.
    pub text: String,
    /// Without the receiver (`self`, `cls`, `$module`).
    pub parameters: Vec<Parameter>,
}

impl Signature {
    pub fn parse(text: &str, has_receiver: bool, span: Span) -> syn::Result<Signature> {
        let wrong = |why: &str| syn::Error::new(span, format!("signature {text:?}: {why}"));
        let (name, rest) = text.split_once('(').ok_or_else(|| wrong("no '('"))?;
        let inner = rest
            .strip_suffix(')')
            .ok_or_else(|| wrong("no ')' at the end"))?;
        let mut parameters: Vec<Parameter> = Vec::new();
        let mut keyword_only = false;
        for part in split_at_commas(inner) {
            if part == "/" {
                for parameter in &mut parameters {
                    parameter.kind = Kind::PositionalOnly;
                }
                continue;
            }
            if part == "*" {
                keyword_only = true;
                continue;
            }
            if let Some(name) = part.strip_prefix("**") {
                parameters.push(Parameter {
                    name: name.into(),
                    kind: Kind::VarKeyword,
                    default: None,
                });
                continue;
            }
            if let Some(name) = part.strip_prefix('*') {
                parameters.push(Parameter {
                    name: name.into(),
                    kind: Kind::VarPositional,
                    default: None,
                });
                keyword_only = true;
                continue;
            }
            let (name, default) = match part.split_once('=') {
                Some((name, default)) => (name.trim(), Some(default.trim().to_owned())),
                None => (part.as_str(), None),
            };
            let kind = if keyword_only {
                Kind::KeywordOnly
            } else {
                Kind::PositionalOrKeyword
            };
            parameters.push(Parameter {
                name: name.into(),
                kind,
                default,
            });
        }
        if has_receiver {
            if parameters.is_empty() {
                return Err(wrong("a method's first parameter is its receiver"));
            }
            parameters.remove(0);
        }
        Ok(Signature {
            name: name.trim().into(),
            text: format!("({inner})"),
            parameters,
        })
    }

    /// The parameters without `*args` and `**kwargs`, in binding order.
    pub fn plain(&self) -> impl Iterator<Item = &Parameter> {
        self.parameters
            .iter()
            .filter(|p| !matches!(p.kind, Kind::VarPositional | Kind::VarKeyword))
    }

    /// The `typhon_runtime::args::Signature` that binds at run time.
    pub fn tokens(&self, runtime: &TokenStream) -> TokenStream {
        let name = &self.name;
        let text = &self.text;
        let count = |kinds: &[Kind]| {
            self.parameters
                .iter()
                .filter(|p| kinds.contains(&p.kind))
                .count()
        };
        let positional_only = count(&[Kind::PositionalOnly]);
        let positional = count(&[Kind::PositionalOnly, Kind::PositionalOrKeyword]);
        let var_positional = count(&[Kind::VarPositional]) > 0;
        let var_keyword = count(&[Kind::VarKeyword]) > 0;
        let parameters = self.plain().map(|p| {
            let name = &p.name;
            let required = p.default.is_none();
            quote!(#runtime::args::Parameter { name: #name, required: #required })
        });
        quote! {
            #runtime::args::Signature {
                name: #name,
                text: #text,
                parameters: &[#(#parameters),*],
                positional_only: #positional_only,
                positional: #positional,
                var_positional: #var_positional,
                var_keyword: #var_keyword,
            }
        }
    }
}

/// Splits at commas outside brackets and quotes; trims; drops empty parts.
fn split_at_commas(text: &str) -> Vec<String> {
    let mut parts = Vec::new();
    let mut current = String::new();
    let mut depth = 0;
    let mut quote = None;
    for c in text.chars() {
        match (quote, c) {
            (Some(q), _) if c == q => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth -= 1,
            (None, ',') if depth == 0 => {
                parts.push(std::mem::take(&mut current));
                continue;
            }
            _ => {}
        }
        current.push(c);
    }
    parts.push(current);
    parts
        .into_iter()
        .map(|p| p.trim().to_owned())
        .filter(|p| !p.is_empty())
        .collect()
}
