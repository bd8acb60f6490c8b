//! Receiving and sending bytes.

use typhon_macros::pymethods;
use typhon_runtime::args::{FromArgument, IntoValue, Place};
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::exceptions;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::{Context, PyResult, Ref, Value, audit};

use super::object::{READABLE, Socket, WRITABLE};
use super::{address, system};
use crate::blocking;
use crate::bytes_like::BytesLike;
use crate::descriptor::checked;

/// Memory to receive into.
fn room(cx: &Context, size: isize, function: &str) -> PyResult<Vec<u8>> {
    let Ok(size) = usize::try_from(size) else {
        return Err(cx.value_error(format!("negative buffersize in {function}")));
    };
    let mut memory = Vec::new();
    if memory.try_reserve_exact(size).is_err() {
        return Err(cx.no_memory());
    }
    Ok(memory)
}

/// The buffer to receive into, and how much of it is used.
fn target(
    cx: &Context,
    function: &'static str,
    buffer: &Value,
    size: isize,
) -> PyResult<(BytesLike, usize)> {
    let place = Place {
        function,
        position: 1,
        name: "buffer",
        by_name: false,
    };
    let target = BytesLike::writable(cx, buffer, &place)?;
    let Ok(size) = usize::try_from(size) else {
        return Err(cx.value_error(format!("negative buffersize in {function}")));
    };
    if size > target.len() {
        let message = if function == "recv_into" {
            "buffer too small for requested bytes"
        } else {
            "nbytes is greater than the length of the buffer"
        };
        return Err(cx.value_error(message));
    }
    let size = if size == 0 { target.len() } else { size };
    Ok((target, size))
}

fn pair(cx: &Context, first: Value, from: Option<&system::Address>) -> PyResult<Ref<Tuple>> {
    Tuple::from_vec(cx, vec![first, address::present(cx, from)?])
}

#[pymethods(table = TRANSFERS)]
impl Socket {
    /// recv(buffersize[, flags]) -> data
    ///
    /// Receive up to buffersize bytes from the socket.  For the optional flags
    /// argument, see the Unix manual.  When no data is available, block until
    /// at least one byte is available or until the remote end is closed.  When
    /// the remote end is closed and all data is read, return the empty string.
    #[method("recv(self, buffersize, flags=0, /)")]
    fn recv(cx: &Context, this: &Ref<Socket>, size: isize, flags: i32) -> PyResult<Ref<Bytes>> {
        let mut memory = room(cx, size, "recv")?;
        if memory.capacity() > 0 {
            this.transfer(cx, READABLE, |number| {
                memory.clear();
                system::receive(number, &mut memory, flags)
            })?;
        }
        Bytes::from_slice(cx, &memory)
    }

    /// recv_into(buffer, [nbytes[, flags]]) -> nbytes_read
    ///
    /// A version of recv() that stores its data into a buffer rather than creating
    /// a new string.  Receive up to buffersize bytes from the socket.  If buffersize
    /// is not specified (or 0), receive up to the size available in the given buffer.
    ///
    /// See recv() for documentation about the flags.
    #[method("recv_into(self, buffer, nbytes=0, flags=0)")]
    fn recv_into(
        cx: &Context,
        this: &Ref<Socket>,
        buffer: &Value,
        nbytes: isize,
        flags: i32,
    ) -> PyResult<usize> {
        let (target, size) = target(cx, "recv_into", buffer, nbytes)?;
        if size == 0 {
            return Ok(0);
        }
        let (count, _) = this.transfer(cx, READABLE, |number| {
            system::receive_into(number, target.buffer(), size, flags)
        })?;
        Ok(count)
    }

    /// recvfrom(buffersize[, flags]) -> (data, address info)
    ///
    /// Like recv(buffersize, flags) but also return the sender's address info.
    #[method("recvfrom(self, buffersize, flags=0, /)")]
    fn recvfrom(cx: &Context, this: &Ref<Socket>, size: isize, flags: i32) -> PyResult<Ref<Tuple>> {
        let mut memory = room(cx, size, "recvfrom")?;
        let from = this.transfer(cx, READABLE, |number| {
            memory.clear();
            system::receive_from(number, &mut memory, flags)
        })?;
        pair(
            cx,
            Bytes::from_slice(cx, &memory)?.into_value(),
            from.as_ref(),
        )
    }

    /// recvfrom_into(buffer[, nbytes[, flags]]) -> (nbytes, address info)
    ///
    /// Like recv_into(buffer[, nbytes[, flags]]) but also return the sender's address info.
    #[method("recvfrom_into(self, buffer, nbytes=0, flags=0)")]
    fn recvfrom_into(
        cx: &Context,
        this: &Ref<Socket>,
        buffer: &Value,
        nbytes: isize,
        flags: i32,
    ) -> PyResult<Ref<Tuple>> {
        let (target, size) = target(cx, "recvfrom_into", buffer, nbytes)?;
        let (count, from) = this.transfer(cx, READABLE, |number| {
            system::receive_into(number, target.buffer(), size, flags)
        })?;
        pair(cx, count.into_value(cx)?, from.as_ref())
    }

    /// send(data[, flags]) -> count
    ///
    /// Send a data string to the socket.  For the optional flags
    /// argument, see the Unix manual.  Return the number of bytes
    /// sent; this may be less than len(data) if the network is busy.
    #[method("send(self, data, flags=0, /)")]
    fn send(cx: &Context, this: &Ref<Socket>, data: BytesLike, flags: i32) -> PyResult<usize> {
        this.transfer(cx, WRITABLE, |number| {
            system::send(number, data.bytes(), flags)
        })
    }

    /// sendall(data[, flags])
    ///
    /// Send a data string to the socket.  For the optional flags
    /// argument, see the Unix manual.  This calls send() repeatedly
    /// until all data is sent.  If an error occurs, it's impossible
    /// to tell how much data has been sent.
    #[method("sendall(self, data, flags=0, /)")]
    fn sendall(cx: &Context, this: &Ref<Socket>, data: BytesLike, flags: i32) -> PyResult<()> {
        let deadline = this.deadline();
        let mut sent = 0;
        loop {
            if deadline.is_some_and(|deadline| deadline.remaining() == Some(0)) {
                return Err(cx.raise_message(exceptions::timeout_error(), "timed out"));
            }
            let outcome = this.attempt(cx, WRITABLE, deadline, |number| {
                system::send(number, &data.bytes()[sent..], flags)
            })?;
            sent += checked(cx, outcome)?;
            blocking::interrupted(cx)?;
            if sent >= data.len() {
                return Ok(());
            }
        }
    }

    /// sendto(data[, flags], address) -> count
    ///
    /// Like send(data, flags) but allows specifying the destination address.
    /// For IP sockets, the address is a pair (hostaddr, port).
    #[method("sendto(self, /, *args)")]
    fn sendto(cx: &Context, this: &Ref<Socket>, args: &[Value]) -> PyResult<usize> {
        let (data, flags, to) = match args {
            [data, to] => (data, 0, to),
            [data, flags, to] => {
                const PLACE: Place = Place {
                    function: "sendto",
                    position: 2,
                    name: "flags",
                    by_name: false,
                };
                (data, i32::from_argument(cx, flags, &PLACE)?, to)
            }
            _ => {
                return Err(cx.type_error(format!(
                    "sendto() takes 2 or 3 arguments ({} given)",
                    args.len()
                )));
            }
        };
        let data = BytesLike::of(cx, data)?;
        let object = to;
        let to = address::parse(cx, this.family_number(), "sendto", object)?;
        audit::event(cx, "socket.sendto", || {
            Ok(vec![this.to_value(), object.clone()])
        })?;
        this.transfer(cx, WRITABLE, |number| {
            system::send_to(number, data.bytes(), flags, &to)
        })
    }
}
