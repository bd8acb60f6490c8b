//! Options of a socket.

use typhon_macros::pymethods;
use typhon_runtime::args::{FromArgument, IntoValue, Place};
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::int;
use typhon_runtime::{Context, PyResult, Ref, Value};

use super::object::Socket;
use super::system;
use crate::bytes_like::BytesLike;
use crate::descriptor::checked;

fn number<'a, T: FromArgument<'a>>(cx: &Context, value: &'a Value) -> PyResult<T> {
    const PLACE: Place = Place {
        function: "setsockopt",
        position: 0,
        name: "",
        by_name: false,
    };
    T::from_argument(cx, value, &PLACE)
}

#[pymethods(table = OPTIONS)]
impl Socket {
    /// getsockopt(level, option[, buffersize]) -> value
    ///
    /// Get a socket option.  See the Unix manual for level and option.
    /// If a nonzero buffersize argument is given, the return value is a
    /// string of that length; otherwise it is an integer.
    #[method("getsockopt(self, level, option, buffersize=0, /)")]
    fn getsockopt(
        cx: &Context,
        this: &Ref<Socket>,
        level: i32,
        option: i32,
        buffersize: i32,
    ) -> PyResult<Value> {
        match buffersize {
            0 => checked(cx, system::int_option(this.number(), level, option))?.into_value(cx),
            size @ 1..=1024 => {
                let bytes = system::option(this.number(), level, option, size as usize);
                Bytes::from_slice(cx, &checked(cx, bytes)?).map(Ref::into_value)
            }
            _ => Err(cx.os_error("getsockopt buflen out of range")),
        }
    }

    /// setsockopt(level, option, value: int)
    /// setsockopt(level, option, value: buffer)
    /// setsockopt(level, option, None, optlen: int)
    ///
    /// Set a socket option.  See the Unix manual for level and option.
    /// The value argument can either be an integer, a string buffer, or
    /// None, optlen.
    #[method("setsockopt(self, /, *args)")]
    fn setsockopt(cx: &Context, this: &Ref<Socket>, args: &[Value]) -> PyResult<()> {
        let count = |wanted: usize| {
            cx.type_error(format!(
                "setsockopt() takes exactly {wanted} arguments ({} given)",
                args.len()
            ))
        };
        let set = match args {
            [level, option, value] => {
                let (level, option) = (number(cx, level)?, number(cx, option)?);
                if int::is_int(value) {
                    let value: i32 = number(cx, value)?;
                    system::set_option(this.number(), level, option, Ok(&value.to_ne_bytes()))
                } else {
                    let value = BytesLike::of(cx, value)?;
                    system::set_option(this.number(), level, option, Ok(value.bytes()))
                }
            }
            [level, option, value, length] => {
                if !value.is_none() {
                    return Err(count(3));
                }
                let (level, option) = (number(cx, level)?, number(cx, option)?);
                system::set_option(this.number(), level, option, Err(number(cx, length)?))
            }
            _ => return Err(count(3)),
        };
        checked(cx, set)
    }
}
