//! The class `_socket.socket`: making sockets, connecting them, waiting with a timeout.
//!
//! ```text
//!   timeout < 0    calls block                     the descriptor is in blocking mode
//!   timeout = 0    calls fail rather than block    the descriptor is not
//!   timeout > 0    calls wait until the deadline   the descriptor is not
//! ```
//! A call with a deadline waits first, then calls, and waits again when there was nothing after all.

use std::os::fd::RawFd;
use std::sync::atomic::{AtomicI32, AtomicI64, Ordering};

use rustix::event::{PollFd, PollFlags};
use rustix::io::{Errno, Result as SystemResult};
use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::{Args, FromArgument, IntoValue, Place};
use typhon_runtime::objects::exceptions;
use typhon_runtime::objects::int;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::text;
use typhon_runtime::{Context, PyResult, Ref, Value, audit, object, warnings};

use super::{DEFAULT_TIMEOUT, address, messages, options, system, transfer};
use crate::arguments::{bind, signature, unless_none};
use crate::blocking::{self, Deadline};
use crate::descriptor::{self, checked, os_error};
use crate::time::span::{self, Rounding};

/// The payload of `_socket.socket`.
#[pyclass(
    name = "socket",
    module = "_socket",
    plain,
    flags(BASETYPE),
    doc = "socket(family=AF_INET, type=SOCK_STREAM, proto=0) -> socket object\nsocket(family=-1, type=-1, proto=-1, fileno=None) -> socket object\n\nOpen a socket of the given type.  The family argument specifies the\naddress family; it defaults to AF_INET.  The type argument specifies\nwhether this is a stream (SOCK_STREAM, this is the default)\nor datagram (SOCK_DGRAM) socket.  The protocol argument defaults to 0,\nspecifying the default protocol.  Keyword arguments are accepted.\nThe socket is created as non-inheritable.\n\nWhen a fileno is passed in, family, type and proto are auto-detected,\nunless they are explicitly set."
)]
pub struct Socket {
    /// -1: closed, or not yet open.
    descriptor: AtomicI32,
    family: AtomicI32,
    kind: AtomicI32,
    protocol: AtomicI32,
    /// In nanoseconds. See the module's header.
    timeout: AtomicI64,
}

/// A timeout as Python gives it: `None` or seconds.
///
/// # Errors
/// ValueError when it is negative, TypeError when it is no number.
pub(super) fn timeout_argument(cx: &Context, value: &Value) -> PyResult<i64> {
    if value.is_none() {
        return Ok(-1);
    }
    let timeout = span::nanoseconds(cx, value, Rounding::Timeout)?;
    if timeout < 0 {
        return Err(cx.value_error("Timeout value out of range"));
    }
    if i32::try_from(timeout / 1_000_000).is_err() {
        return Err(cx.overflow_error("timeout doesn't fit into C timeval"));
    }
    Ok(timeout)
}

/// A timeout as Python has it.
pub(super) fn timeout_value(cx: &Context, timeout: i64) -> PyResult<Value> {
    if timeout < 0 {
        Ok(Value::NONE)
    } else {
        span::seconds(timeout.into()).into_value(cx)
    }
}

fn timed_out(cx: &Context) -> typhon_runtime::Raised {
    cx.raise_message(exceptions::timeout_error(), "timed out")
}

/// What a call waits for.
pub(super) const READABLE: PollFlags = PollFlags::IN;
pub(super) const WRITABLE: PollFlags = PollFlags::OUT;

impl Socket {
    pub(crate) fn number(&self) -> RawFd {
        self.descriptor.load(Ordering::Relaxed)
    }

    pub(super) fn family_number(&self) -> i32 {
        self.family.load(Ordering::Relaxed)
    }

    pub(crate) fn timeout(&self) -> i64 {
        self.timeout.load(Ordering::Relaxed)
    }

    /// Until when calls wait that begin now; `None` when they do not wait by themselves.
    pub(crate) fn deadline(&self) -> Option<Deadline> {
        let timeout = self.timeout();
        (timeout > 0).then(|| Deadline::after(timeout))
    }

    /// Makes a call that may block, again and again as the module's header says.
    ///
    /// # Errors
    /// TimeoutError, and what signal handlers raise. The inner result is the call's own.
    pub(super) fn attempt<T>(
        &self,
        cx: &Context,
        events: PollFlags,
        deadline: Option<Deadline>,
        mut call: impl FnMut(RawFd) -> SystemResult<T>,
    ) -> PyResult<SystemResult<T>> {
        loop {
            if let Some(deadline) = deadline
                && !self.wait(cx, events, deadline)?
            {
                return Err(timed_out(cx));
            }
            match blocking::retry(cx, || call(self.number()))? {
                Err(Errno::AGAIN) if deadline.is_some() => {}
                result => return Ok(result),
            }
        }
    }

    /// [`Socket::attempt`], its error raised.
    ///
    /// # Errors
    /// TimeoutError, OSError, and what signal handlers raise.
    pub(super) fn transfer<T>(
        &self,
        cx: &Context,
        events: PollFlags,
        call: impl FnMut(RawFd) -> SystemResult<T>,
    ) -> PyResult<T> {
        let outcome = self.attempt(cx, events, self.deadline(), call)?;
        checked(cx, outcome)
    }

    /// Waits until the socket is ready; false when the deadline passes first. A socket that another
    /// thread has closed is ready: the call will say so.
    pub(crate) fn wait(
        &self,
        cx: &Context,
        events: PollFlags,
        deadline: Deadline,
    ) -> PyResult<bool> {
        let Ok(descriptor) = descriptor::borrow(self.number()) else {
            return Ok(true);
        };
        let mut entry = [PollFd::from_borrowed_fd(descriptor, events)];
        let outcome = blocking::retry(cx, || {
            rustix::event::poll(&mut entry, deadline.remaining_timespec().as_ref())
        })?;
        Ok(checked(cx, outcome)? > 0)
    }

    fn set_timeout_to(&self, cx: &Context, timeout: i64) -> PyResult<()> {
        self.timeout.store(timeout, Ordering::Relaxed);
        let number = self.number();
        let set = cx.detached(|| system::set_nonblocking(number, timeout >= 0));
        checked(cx, set)
    }

    /// Connects; the inner error is why not.
    fn connect_to(&self, cx: &Context, address: &system::Address) -> PyResult<SystemResult<()>> {
        blocking::interrupted(cx)?;
        let number = self.number();
        let waits = match cx.detached(|| system::connect(number, address)) {
            Err(Errno::INTR) => {
                blocking::interrupted(cx)?;
                self.timeout() != 0
            }
            Err(Errno::INPROGRESS) => self.timeout() > 0,
            result => return Ok(result),
        };
        if !waits {
            return Ok(Err(Errno::INPROGRESS));
        }
        // The connection is made in the background; the socket is writable when that has ended.
        let deadline = self.deadline().unwrap_or(Deadline::NEVER);
        if !self.wait(cx, WRITABLE | PollFlags::ERR, deadline)? {
            return Err(timed_out(cx));
        }
        let error = system::int_option(self.number(), libc::SOL_SOCKET, libc::SO_ERROR);
        Ok(match error {
            Ok(0) => Ok(()),
            Ok(number) if number == Errno::ISCONN.raw_os_error() => Ok(()),
            Ok(number) => Err(Errno::from_raw_os_error(number)),
            Err(error) => Err(error),
        })
    }

    fn open(&self, cx: &Context, request: [i32; 3], given: Option<RawFd>) -> PyResult<()> {
        let [mut family, mut kind, mut protocol] = request;
        let number = match given {
            Some(number) => {
                match system::name(number, false) {
                    Ok(address) if family == -1 => family = address.family(),
                    Ok(_) => {}
                    Err(error) if family == -1 => return Err(os_error(cx, error)),
                    Err(_) => {}
                }
                let ask = |option| system::int_option(number, libc::SOL_SOCKET, option);
                if kind == -1 {
                    kind = checked(cx, ask(libc::SO_TYPE))?;
                }
                if protocol == -1 {
                    protocol = checked(cx, ask(libc::SO_PROTOCOL))?;
                }
                number
            }
            None => {
                if family == -1 {
                    family = libc::AF_INET;
                }
                if kind == -1 {
                    kind = libc::SOCK_STREAM;
                }
                if protocol == -1 {
                    protocol = 0;
                }
                let made = cx.detached(|| system::socket(family, kind, protocol));
                checked(cx, made)?
            }
        };
        self.descriptor.store(number, Ordering::Relaxed);
        self.family.store(family, Ordering::Relaxed);
        let plain = kind & !(libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC);
        self.kind.store(plain, Ordering::Relaxed);
        self.protocol.store(protocol, Ordering::Relaxed);
        if kind & libc::SOCK_NONBLOCK != 0 {
            self.timeout.store(0, Ordering::Relaxed);
            return Ok(());
        }
        let timeout = DEFAULT_TIMEOUT.load(Ordering::Relaxed);
        self.timeout.store(timeout, Ordering::Relaxed);
        if timeout >= 0 {
            return self.set_timeout_to(cx, timeout);
        }
        Ok(())
    }

    fn unopened() -> Socket {
        Socket {
            descriptor: AtomicI32::new(-1),
            family: AtomicI32::new(0),
            kind: AtomicI32::new(0),
            protocol: AtomicI32::new(0),
            timeout: AtomicI64::new(-1),
        }
    }

    /// A socket of the class itself around a descriptor.
    ///
    /// # Errors
    /// MemoryError.
    pub(super) fn of(cx: &Context, number: RawFd, request: [i32; 3]) -> PyResult<Value> {
        let made = object::new(cx, Socket::unopened())?;
        made.open(cx, request, Some(number))?;
        Ok(made.into_value())
    }
}

fn int_argument(cx: &Context, value: Option<&Value>, position: usize) -> PyResult<i32> {
    let place = Place {
        function: "socket",
        position,
        name: "",
        by_name: false,
    };
    value.map_or(Ok(-1), |value| i32::from_argument(cx, value, &place))
}

#[pymethods(tables(transfer::TRANSFERS, messages::MESSAGES, options::OPTIONS))]
impl Socket {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, _args: Args<'_>) -> PyResult<Value> {
        object::new_of_class(cx, class, Socket::unopened()).map(Ref::into_value)
    }

    #[slot(init)]
    fn init(cx: &Context, this: &Ref<Socket>, args: Args<'_>) -> PyResult<()> {
        let [family, kind, proto, fileno] = bind(
            cx,
            signature!(
                "socket",
                0,
                [family = (), type = (), proto = (), fileno = ()],
                []
            ),
            args,
        )?;
        let request = [
            int_argument(cx, family, 1)?,
            int_argument(cx, kind, 2)?,
            int_argument(cx, proto, 3)?,
        ];
        let given = match unless_none(fileno) {
            None => None,
            Some(value) => match int_argument(cx, Some(value), 4)? {
                number if number < 0 => return Err(cx.value_error("negative file descriptor")),
                number => Some(number),
            },
        };
        audit::event(cx, "socket.__new__", || {
            let mut told = vec![this.to_value()];
            for number in request {
                told.push(int::from_i64(cx, number.into())?);
            }
            Ok(told)
        })?;
        this.open(cx, request, given)
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<Socket>) -> PyResult<Value> {
        format!(
            "<socket object, fd={}, family={}, type={}, proto={}>",
            this.number(),
            this.family_number(),
            this.kind.load(Ordering::Relaxed),
            this.protocol.load(Ordering::Relaxed)
        )
        .into_value(cx)
    }

    #[slot(finalize)]
    fn finalize(cx: &Context, this: &Ref<Socket>) -> PyResult<()> {
        if this.number() < 0 {
            return Ok(());
        }
        let warned = text::repr_text(cx, this.as_value()).and_then(|shown| {
            let message = format!("unclosed {shown}");
            warnings::warn(cx, exceptions::resource_warning(), &message, 1)
        });
        let number = this.descriptor.swap(-1, Ordering::Relaxed);
        // Nobody is left to be told of an error.
        let _ = cx.detached(|| descriptor::close(number));
        // At the end of the process `repr` may find its module empty: what it raises then is of no interest.
        if warned.is_err() && !cx.exception_matches(exceptions::warning()) {
            cx.clear_exception();
            return Ok(());
        }
        warned
    }

    /// the socket family
    #[getter]
    fn family(_cx: &Context, this: &Ref<Socket>) -> PyResult<i32> {
        Ok(this.family_number())
    }

    /// the socket type
    #[getter]
    fn r#type(_cx: &Context, this: &Ref<Socket>) -> PyResult<i32> {
        Ok(this.kind.load(Ordering::Relaxed))
    }

    /// the socket protocol
    #[getter]
    fn proto(_cx: &Context, this: &Ref<Socket>) -> PyResult<i32> {
        Ok(this.protocol.load(Ordering::Relaxed))
    }

    /// the socket timeout
    #[getter("timeout")]
    fn timeout_attribute(cx: &Context, this: &Ref<Socket>) -> PyResult<Value> {
        timeout_value(cx, this.timeout())
    }

    /// _accept() -> (integer, address info)
    ///
    /// Wait for an incoming connection.  Return a new socket file descriptor
    /// representing the connection, and the address of the client.
    /// For IP sockets, the address info is a pair (hostaddr, port).
    #[method("_accept(self, /)")]
    fn accept(cx: &Context, this: &Ref<Socket>) -> PyResult<Ref<Tuple>> {
        let (number, from) = this.transfer(cx, READABLE, system::accept)?;
        let pair = address::present(cx, Some(&from))
            .and_then(|from| Ok(vec![number.into_value(cx)?, from]))
            .and_then(|pair| Tuple::from_vec(cx, pair));
        if pair.is_err() {
            let _ = descriptor::close(number);
        }
        pair
    }

    /// bind(address)
    ///
    /// Bind the socket to a local address.  For IP sockets, the address is a
    /// pair (host, port); the host must refer to the local host. For raw packet
    /// sockets the address is a tuple (ifname, proto [,pkttype [,hatype [,addr]]])
    #[method("bind(self, object, /)")]
    fn bind(cx: &Context, this: &Ref<Socket>, object: &Value) -> PyResult<()> {
        let address = address::parse(cx, this.family_number(), "bind", object)?;
        audit::event(cx, "socket.bind", || {
            Ok(vec![this.to_value(), object.clone()])
        })?;
        let number = this.number();
        let bound = cx.detached(|| system::bind(number, &address));
        checked(cx, bound)
    }

    /// close()
    ///
    /// Close the socket.  It cannot be used after this call.
    #[method("close(self, /)")]
    fn close(cx: &Context, this: &Ref<Socket>) -> PyResult<()> {
        let number = this.descriptor.swap(-1, Ordering::Relaxed);
        if number < 0 {
            return Ok(());
        }
        match cx.detached(|| descriptor::close(number)) {
            // The peer is gone, and so is the socket.
            Err(Errno::CONNRESET) => Ok(()),
            closed => checked(cx, closed),
        }
    }

    /// connect(address)
    ///
    /// Connect the socket to a remote address.  For IP sockets, the address
    /// is a pair (host, port).
    #[method("connect(self, object, /)")]
    fn connect(cx: &Context, this: &Ref<Socket>, object: &Value) -> PyResult<()> {
        let address = address::parse(cx, this.family_number(), "connect", object)?;
        audit::event(cx, "socket.connect", || {
            Ok(vec![this.to_value(), object.clone()])
        })?;
        let connected = this.connect_to(cx, &address)?;
        checked(cx, connected)
    }

    /// connect_ex(address) -> errno
    ///
    /// This is like connect(address), but returns an error code (the errno value)
    /// instead of raising an exception when an error occurs.
    #[method("connect_ex(self, object, /)")]
    fn connect_ex(cx: &Context, this: &Ref<Socket>, object: &Value) -> PyResult<i32> {
        let address = address::parse(cx, this.family_number(), "connect_ex", object)?;
        audit::event(cx, "socket.connect", || {
            Ok(vec![this.to_value(), object.clone()])
        })?;
        match this.connect_to(cx, &address) {
            Ok(Ok(())) => Ok(0),
            Ok(Err(error)) => Ok(error.raw_os_error()),
            Err(_) if cx.exception_matches(exceptions::timeout_error()) => {
                cx.clear_exception();
                Ok(Errno::AGAIN.raw_os_error())
            }
            Err(raised) => Err(raised),
        }
    }

    /// detach()
    ///
    /// Close the socket object without closing the underlying file descriptor.
    /// The object cannot be used after this call, but the file descriptor
    /// can be reused for other purposes.  The file descriptor is returned.
    #[method("detach(self, /)")]
    fn detach(_cx: &Context, this: &Ref<Socket>) -> PyResult<i32> {
        Ok(this.descriptor.swap(-1, Ordering::Relaxed))
    }

    /// fileno() -> integer
    ///
    /// Return the integer file descriptor of the socket.
    #[method("fileno(self, /)")]
    fn fileno(_cx: &Context, this: &Ref<Socket>) -> PyResult<i32> {
        Ok(this.number())
    }

    /// getpeername() -> address info
    ///
    /// Return the address of the remote endpoint.  For IP sockets, the address
    /// info is a pair (hostaddr, port).
    #[method("getpeername(self, /)")]
    fn getpeername(cx: &Context, this: &Ref<Socket>) -> PyResult<Value> {
        let name = checked(cx, system::name(this.number(), true))?;
        address::present(cx, Some(&name))
    }

    /// getsockname() -> address info
    ///
    /// Return the address of the local endpoint. The format depends on the
    /// address family. For IPv4 sockets, the address info is a pair
    /// (hostaddr, port). For IPv6 sockets, the address info is a 4-tuple
    /// (hostaddr, port, flowinfo, scope_id).
    #[method("getsockname(self, /)")]
    fn getsockname(cx: &Context, this: &Ref<Socket>) -> PyResult<Value> {
        let name = checked(cx, system::name(this.number(), false))?;
        address::present(cx, Some(&name))
    }

    /// listen([backlog])
    ///
    /// Enable a server to accept connections.  If backlog is specified, it must be
    /// at least 0 (if it is lower, it is set to 0); it specifies the number of
    /// unaccepted connections that the system will allow before refusing new
    /// connections. If not specified, a default reasonable value is chosen.
    #[method("listen(self, backlog=128, /)")]
    fn listen(cx: &Context, this: &Ref<Socket>, backlog: i32) -> PyResult<()> {
        let number = this.number();
        let listening = cx.detached(|| system::listen(number, backlog.max(0)));
        checked(cx, listening)
    }

    /// shutdown(flag)
    ///
    /// Shut down the reading side of the socket (flag == SHUT_RD), the writing side
    /// of the socket (flag == SHUT_WR), or both ends (flag == SHUT_RDWR).
    #[method("shutdown(self, object, /)")]
    fn shutdown(cx: &Context, this: &Ref<Socket>, object: i32) -> PyResult<()> {
        let number = this.number();
        let done = cx.detached(|| system::shutdown(number, object));
        checked(cx, done)
    }

    /// setblocking(flag)
    ///
    /// Set the socket to blocking (flag is true) or non-blocking (false).
    /// setblocking(True) is equivalent to settimeout(None);
    /// setblocking(False) is equivalent to settimeout(0.0).
    #[method("setblocking(self, object, /)")]
    fn setblocking(cx: &Context, this: &Ref<Socket>, object: bool) -> PyResult<()> {
        this.set_timeout_to(cx, if object { -1 } else { 0 })
    }

    /// getblocking()
    ///
    /// Returns True if socket is in blocking mode, or False if it
    /// is in non-blocking mode.
    #[method("getblocking(self, /)")]
    fn getblocking(_cx: &Context, this: &Ref<Socket>) -> PyResult<bool> {
        Ok(this.timeout() != 0)
    }

    /// settimeout(timeout)
    ///
    /// Set a timeout on socket operations.  'timeout' can be a float,
    /// giving in seconds, or None.  Setting a timeout of None disables
    /// the timeout feature and is equivalent to setblocking(1).
    /// Setting a timeout of zero is the same as setblocking(0).
    #[method("settimeout(self, object, /)")]
    fn settimeout(cx: &Context, this: &Ref<Socket>, object: &Value) -> PyResult<()> {
        let timeout = timeout_argument(cx, object)?;
        this.set_timeout_to(cx, timeout)
    }

    /// gettimeout() -> timeout
    ///
    /// Returns the timeout in seconds (float) associated with socket
    /// operations. A timeout of None indicates that timeouts on socket
    /// operations are disabled.
    #[method("gettimeout(self, /)")]
    fn gettimeout(cx: &Context, this: &Ref<Socket>) -> PyResult<Value> {
        timeout_value(cx, this.timeout())
    }
}
