//! `OSError`: system errors by number, each number with its class (PEP 3151).

use std::sync::atomic::{AtomicI64, Ordering};

use rustix::io::Errno;
use typhon_macros::{pyclass, pymethods};

use super::base::attributes_if_any;
use super::{BaseException, field_attributes};
use crate::args::{Args, FromArgument, IntoValue, Place};
use crate::context::Context;
use crate::error::{PyResult, Raised};
use crate::field::Field;
use crate::object::{self, Payload, Ref, Traverse};
use crate::objects::int;
use crate::objects::str_::Str;
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::protocols::text;
use crate::value::Value;

/// The payload of `OSError`.
#[pyclass(name = "OSError", base = BaseException, python_base = super::exception(), flags(BASETYPE), doc = "Base class for I/O related errors.")]
#[repr(C)]
pub struct OsError {
    pub base: BaseException,
    pub errno: Field,
    pub strerror: Field,
    pub filename: Field,
    pub filename2: Field,
    /// BlockingIOError: how much was written; -1 when unknown.
    pub characters_written: AtomicI64,
}

impl Traverse for OsError {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.base.traverse(visit);
        for field in [&self.errno, &self.strerror, &self.filename, &self.filename2] {
            field.traverse(visit);
        }
    }
}

field_attributes!(FIELDS for OsError {
    errno = "errno" "POSIX exception code",
    strerror = "strerror" "exception strerror",
    filename = "filename" "exception filename",
    filename2 = "filename2" "second exception filename",
});

/// The class for an error number.
fn class_for_errno(errno: i32) -> Option<&'static Ref<Type>> {
    // What no system call can give is not asked about.
    if !(1..4096).contains(&errno) {
        return None;
    }
    Some(match Errno::from_raw_os_error(errno) {
        Errno::AGAIN | Errno::ALREADY | Errno::INPROGRESS => super::blocking_io_error(),
        Errno::PIPE | Errno::SHUTDOWN => super::broken_pipe_error(),
        Errno::CHILD => super::child_process_error(),
        Errno::CONNABORTED => super::connection_aborted_error(),
        Errno::CONNREFUSED => super::connection_refused_error(),
        Errno::CONNRESET => super::connection_reset_error(),
        Errno::EXIST => super::file_exists_error(),
        Errno::NOENT => super::file_not_found_error(),
        Errno::ISDIR => super::is_a_directory_error(),
        Errno::NOTDIR => super::not_a_directory_error(),
        Errno::INTR => super::interrupted_error(),
        Errno::ACCESS | Errno::PERM => super::permission_error(),
        Errno::SRCH => super::process_lookup_error(),
        Errno::TIMEDOUT => super::timeout_error(),
        _ => return None,
    })
}

/// Whether `__init__` does the work: a derived class has its own `__init__` but not its own `__new__`.
fn work_is_done_by_init(class: &Ref<Type>) -> bool {
    let own = OsError::class();
    class.slots.init.word() != own.slots.init.word()
        && class.slots.new.word() == own.slots.new.word()
}

fn refuse_keywords(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<()> {
    if args.names.is_empty() {
        return Ok(());
    }
    Err(cx.type_error(format!(
        "{}() takes no keyword arguments",
        class.short_name()
    )))
}

impl OsError {
    /// Fills in what the arguments say: `(errno, strerror[, filename[, winerror[, filename2]]])`.
    fn fill(cx: &Context, this: &Ref<OsError>, args: &[Value]) -> PyResult<()> {
        let mut kept = args;
        if (2..=5).contains(&args.len()) {
            this.errno.set(Some(args[0].clone()));
            this.strerror.set(Some(args[1].clone()));
            if let Some(filename) = args.get(2).filter(|filename| !filename.is_none()) {
                let is_blocking = this.as_value().class().is(super::blocking_io_error());
                if is_blocking && filename.class().slots.index.get().is_some() {
                    const PLACE: Place = Place {
                        function: "BlockingIOError",
                        position: 3,
                        name: "characters_written",
                        by_name: false,
                    };
                    let written = isize::from_argument(cx, filename, &PLACE)?;
                    this.characters_written
                        .store(written as i64, Ordering::Relaxed);
                } else {
                    this.filename.set(Some(filename.clone()));
                    this.filename2
                        .set(args.get(4).filter(|filename| !filename.is_none()).cloned());
                    kept = &args[..2];
                }
            }
        }
        this.base
            .args
            .set(Some(Tuple::from_values(cx, kept)?.into_value()));
        Ok(())
    }
}

#[pymethods(tables(FIELDS))]
impl OsError {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let by_init = work_is_done_by_init(class);
        let mut class = class.clone();
        if !by_init {
            refuse_keywords(cx, &class, args)?;
            if class.is(OsError::class())
                && (2..=5).contains(&args.values.len())
                && let Some(errno) = args.values[0].as_small_int()
                && let Some(better) = i32::try_from(errno).ok().and_then(class_for_errno)
            {
                class = better.clone();
            }
        }
        let payload = OsError {
            base: BaseException::with_args(cx, if by_init { &[] } else { args.positional() })?,
            errno: Field::empty(),
            strerror: Field::empty(),
            filename: Field::empty(),
            filename2: Field::empty(),
            characters_written: AtomicI64::new(-1),
        };
        let this = object::new_of_class(cx, &class, payload)?;
        if !by_init {
            OsError::fill(cx, &this, args.positional())?;
        }
        Ok(this.into_value())
    }

    #[slot(init)]
    fn init(cx: &Context, this: &Ref<OsError>, args: Args<'_>) -> PyResult<()> {
        let class = this.as_value().class();
        if !work_is_done_by_init(class) {
            return Ok(());
        }
        refuse_keywords(cx, class, args)?;
        OsError::fill(cx, this, args.positional())
    }

    #[slot(str)]
    fn str(cx: &Context, this: &Ref<OsError>) -> PyResult<Value> {
        let show = |field: &Field| {
            text::str(cx, &field.get().unwrap_or(Value::NONE)).map(|text| text.to_string())
        };
        let text = if let Some(filename) = this.filename.get() {
            let first = text::repr_text(cx, &filename)?;
            let head = format!(
                "[Errno {}] {}: {first}",
                show(&this.errno)?,
                show(&this.strerror)?
            );
            match this.filename2.get() {
                Some(second) => format!("{head} -> {}", text::repr_text(cx, &second)?),
                None => head,
            }
        } else if !this.errno.is_empty() && !this.strerror.is_empty() {
            format!("[Errno {}] {}", show(&this.errno)?, show(&this.strerror)?)
        } else {
            return BaseException::text(cx, &this.base).map(Ref::into_value);
        };
        Str::from_str(cx, &text).map(Ref::into_value)
    }

    /// Helper for pickle.
    #[method("__reduce__(self, /)")]
    fn reduce(cx: &Context, this: &Ref<OsError>) -> PyResult<Ref<Tuple>> {
        let mut args = this.base.arguments().to_vec();
        if args.len() == 2
            && let Some(filename) = this.filename.get()
        {
            args.push(filename);
            if let Some(second) = this.filename2.get() {
                args.push(Value::NONE);
                args.push(second);
            }
        }
        let mut parts = vec![
            this.as_value().class().to_value(),
            Tuple::from_vec(cx, args)?.into_value(),
        ];
        if let Some(dict) = attributes_if_any(cx, this.as_value())? {
            parts.push(dict.into_value());
        }
        Tuple::from_vec(cx, parts)
    }

    #[getter]
    fn characters_written(cx: &Context, this: &Ref<OsError>) -> PyResult<i64> {
        match this.characters_written.load(Ordering::Relaxed) {
            -1 => Err(cx.attribute_error("characters_written")),
            written => Ok(written),
        }
    }

    #[setter]
    fn set_characters_written(
        cx: &Context,
        this: &Ref<OsError>,
        value: Option<&Value>,
    ) -> PyResult<()> {
        let Some(value) = value else {
            if this.characters_written.swap(-1, Ordering::Relaxed) == -1 {
                return Err(cx.attribute_error("characters_written"));
            }
            return Ok(());
        };
        const PLACE: Place = Place {
            function: "OSError",
            position: 1,
            name: "characters_written",
            by_name: true,
        };
        let written = isize::from_argument(cx, value, &PLACE)?;
        this.characters_written
            .store(written as i64, Ordering::Relaxed);
        Ok(())
    }
}

/// The system's text for an error number.
pub fn error_text(errno: i32) -> String {
    let text = std::io::Error::from_raw_os_error(errno).to_string();
    match text.rfind(" (os error ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

/// Raises the OSError for a number of the operating system.
#[cold]
pub fn os_error_from_errno(cx: &Context, errno: i32, filename: Option<&Value>) -> Raised {
    let arguments = || -> PyResult<Vec<Value>> {
        let mut arguments = vec![
            int::from_i64(cx, errno.into())?,
            error_text(errno).into_value(cx)?,
        ];
        arguments.extend(filename.cloned());
        Ok(arguments)
    };
    match arguments() {
        Ok(arguments) => cx.raise_with(super::os_error(), &arguments),
        Err(raised) => raised,
    }
}
