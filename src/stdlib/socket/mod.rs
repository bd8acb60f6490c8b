//! `_socket`: the system's sockets; what `socket` is made of.
//!
//! ```text
//!   object.rs      the class: opening, connecting, timeouts    transfer.rs   recv and send
//!   messages.rs    sendmsg and recvmsg                         options.rs    getsockopt
//!   address.rs     addresses between Python and the system     names.rs      the resolver
//!   system.rs      system calls and C structures               constants.rs
//! ```
//! Whatever may block is done detached; nothing is held meanwhile. A descriptor that another thread
//! closes during a call is the caller's affair, as in C.

mod address;
mod constants;
mod messages;
mod names;
mod object;
mod options;
mod system;
mod transfer;

use std::sync::atomic::{AtomicI64, Ordering};

use typhon_macros::{pyfunction, pymodule};
use typhon_runtime::args::IntoValue;
use typhon_runtime::object::Payload;
use typhon_runtime::objects::exceptions;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::{Context, PyResult, Raised, Ref, Value, module};

use crate::descriptor::{self, checked};
use crate::exception_class::ExceptionClass;

pub use object::Socket;

/// The timeout of new sockets, in nanoseconds; -1 for none.
static DEFAULT_TIMEOUT: AtomicI64 = AtomicI64::new(-1);

static GAI_ERROR: ExceptionClass = ExceptionClass::new("socket", "gaierror", exceptions::os_error);
static HOST_ERROR: ExceptionClass = ExceptionClass::new("socket", "herror", exceptions::os_error);

/// Implementation module for socket operations.
///
/// See the socket module for documentation.
#[pymodule(
    name = "_socket",
    functions(
        close,
        dup,
        socketpair,
        getdefaulttimeout,
        setdefaulttimeout,
        cmsg_len,
        cmsg_space,
        names::getaddrinfo,
        names::getnameinfo,
        names::gethostname,
        names::sethostname,
        names::gethostbyname,
        names::gethostbyname_ex,
        names::gethostbyaddr,
        names::getservbyname,
        names::getservbyport,
        names::getprotobyname,
        names::if_nameindex,
        names::if_nametoindex,
        names::if_indextoname,
        names::inet_aton,
        names::inet_ntoa,
        names::inet_pton,
        names::inet_ntop,
        names::htons,
        names::htonl,
        names::ntohs,
        names::ntohl
    ),
    classes(Socket)
)]
fn initialize(cx: &Context, this: &Ref<Module>) -> PyResult<()> {
    module::add(cx, this, "SocketType", Socket::class().to_value())?;
    module::add(cx, this, "error", exceptions::os_error().to_value())?;
    module::add(cx, this, "timeout", exceptions::timeout_error().to_value())?;
    module::add(cx, this, "gaierror", GAI_ERROR.get(cx)?.to_value())?;
    module::add(cx, this, "herror", HOST_ERROR.get(cx)?.to_value())?;
    constants::add(cx, this)
}

/// Raises what the resolver said.
#[cold]
fn resolver_error(cx: &Context, error: system::Unresolved) -> Raised {
    if error.code == libc::EAI_SYSTEM {
        return exceptions::os_error_from_errno(cx, error.errno, None);
    }
    numbered(cx, &GAI_ERROR, error.code, &error.text())
}

/// Raises what the old interface of the resolver said.
#[cold]
fn host_error(cx: &Context, error: i32) -> Raised {
    numbered(cx, &HOST_ERROR, error, &system::host_error_text(error))
}

fn numbered(cx: &Context, class: &ExceptionClass, number: i32, text: &str) -> Raised {
    let arguments = || -> PyResult<_> {
        let class = class.get(cx)?;
        Ok((class, [number.into_value(cx)?, text.into_value(cx)?]))
    };
    match arguments() {
        Ok((class, arguments)) => cx.raise_with(class, &arguments),
        Err(raised) => raised,
    }
}

/// close(integer) -> None
///
/// Close an integer socket file descriptor.  This is like os.close(), but for
/// sockets; on some platforms os.close() won't work for socket file descriptors.
#[pyfunction("close(fd, /)")]
fn close(cx: &Context, fd: i32) -> PyResult<()> {
    match cx.detached(|| descriptor::close(fd)) {
        Err(rustix::io::Errno::CONNRESET) => Ok(()),
        closed => checked(cx, closed),
    }
}

/// dup(integer) -> integer
///
/// Duplicate an integer socket file descriptor.  This is like os.dup(), but for
/// sockets; on some platforms os.dup() won't work for socket file descriptors.
#[pyfunction("dup(fd, /)")]
fn dup(cx: &Context, fd: i32) -> PyResult<i32> {
    let copy = descriptor::borrow(fd).and_then(|fd| rustix::io::fcntl_dupfd_cloexec(fd, 0));
    checked(cx, copy).map(descriptor::give)
}

/// socketpair([family[, type [, proto]]]) -> (socket object, socket object)
///
/// Create a pair of socket objects from the sockets returned by the platform
/// socketpair() function.
/// The arguments are the same as for socket() except the default family is
/// AF_UNIX if defined on the platform; otherwise, the default is AF_INET.
#[pyfunction("socketpair(family=1, type=1, proto=0, /)")]
fn socketpair(cx: &Context, family: i32, kind: i32, proto: i32) -> PyResult<Ref<Tuple>> {
    let pair = cx.detached(|| system::socket_pair(family, kind, proto));
    let [one, other] = checked(cx, pair)?;
    let request = [family, kind, proto];
    let made =
        Socket::of(cx, one, request).and_then(|one| Ok(vec![one, Socket::of(cx, other, request)?]));
    if made.is_err() {
        let _ = descriptor::close(other);
    }
    Tuple::from_vec(cx, made?)
}

/// getdefaulttimeout() -> timeout
///
/// Returns the default timeout in seconds (float) for new socket objects.
/// A value of None indicates that new socket objects have no timeout.
/// When the socket module is first imported, the default is None.
#[pyfunction("getdefaulttimeout()")]
fn getdefaulttimeout(cx: &Context) -> PyResult<Value> {
    object::timeout_value(cx, DEFAULT_TIMEOUT.load(Ordering::Relaxed))
}

/// setdefaulttimeout(timeout)
///
/// Set the default timeout in seconds (float) for new socket objects.
/// A value of None indicates that new socket objects have no timeout.
/// When the socket module is first imported, the default is None.
#[pyfunction("setdefaulttimeout(timeout, /)")]
fn setdefaulttimeout(cx: &Context, timeout: &Value) -> PyResult<()> {
    let timeout = object::timeout_argument(cx, timeout)?;
    DEFAULT_TIMEOUT.store(timeout, Ordering::Relaxed);
    Ok(())
}

fn control(
    cx: &Context,
    function: &str,
    length: isize,
    size: fn(usize) -> Option<usize>,
) -> PyResult<usize> {
    usize::try_from(length)
        .ok()
        .and_then(size)
        .ok_or_else(|| cx.overflow_error(format!("{function}() argument out of range")))
}

/// CMSG_LEN(length) -> control message length
///
/// Return the total length, without trailing padding, of an ancillary
/// data item with associated data of the given length.  This value can
/// often be used as the buffer size for recvmsg() to receive a single
/// item of ancillary data, but RFC 3542 requires portable applications to
/// use CMSG_SPACE() and thus include space for padding, even when the
/// item will be the last in the buffer.  Raises OverflowError if length
/// is outside the permissible range of values.
#[pyfunction("CMSG_LEN(length, /)")]
fn cmsg_len(cx: &Context, length: isize) -> PyResult<usize> {
    control(cx, "CMSG_LEN", length, system::control_length)
}

/// CMSG_SPACE(length) -> buffer size
///
/// Return the buffer size needed for recvmsg() to receive an ancillary
/// data item with associated data of the given length, along with any
/// trailing padding.  The buffer space needed to receive multiple items
/// is the sum of the CMSG_SPACE() values for their associated data
/// lengths.  Raises OverflowError if length is outside the permissible
/// range of values.
#[pyfunction("CMSG_SPACE(length, /)")]
fn cmsg_space(cx: &Context, length: isize) -> PyResult<usize> {
    control(cx, "CMSG_SPACE", length, system::control_space)
}
