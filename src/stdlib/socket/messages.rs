//! Messages with control data beside them: descriptors, credentials, packet information.

use typhon_macros::pymethods;
use typhon_runtime::args::{FromArgument, IntoValue, Place};
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::protocols::iterate;
use typhon_runtime::{Context, PyResult, Ref, Value, audit};

use super::address;
use super::object::{READABLE, Socket, WRITABLE};
use super::system::{self, Control, Received};
use crate::bytes_like::BytesLike;
use crate::descriptor;

fn number(cx: &Context, value: &Value) -> PyResult<i32> {
    const PLACE: Place = Place {
        function: "sendmsg",
        position: 2,
        name: "",
        by_name: false,
    };
    i32::from_argument(cx, value, &PLACE)
}

fn iterable(cx: &Context, function: &str, position: u32, value: &Value) -> PyResult<Vec<Value>> {
    if !iterate::is_iterable(value) {
        return Err(cx.type_error(format!(
            "{function}() argument {position} must be an iterable"
        )));
    }
    iterate::collect(cx, value)
}

fn controls(cx: &Context, value: &Value) -> PyResult<Vec<Control>> {
    let mut all = Vec::new();
    for item in iterable(cx, "sendmsg", 2, value)? {
        let parts = item.downcast::<Tuple>().map(|item| item.to_vec());
        let Some([level, kind, data]) = parts.as_deref() else {
            return Err(cx.type_error("[sendmsg() ancillary data items] must be 3-item tuples"));
        };
        let data = BytesLike::of(cx, data)?.bytes().to_vec();
        if system::control_space(data.len()).is_none() {
            return Err(cx.os_error("ancillary data item too large"));
        }
        all.push((number(cx, level)?, number(cx, kind)?, data));
    }
    Ok(all)
}

/// The room for control data.
fn control_size(cx: &Context, size: isize) -> PyResult<usize> {
    usize::try_from(size)
        .ok()
        .filter(|&size| size <= i32::MAX as usize)
        .ok_or_else(|| cx.value_error("invalid ancillary data buffer length"))
}

/// The result of `recvmsg`. Descriptors that came are closed if it cannot be made.
fn result(cx: &Context, first: PyResult<Value>, received: &Received) -> PyResult<Ref<Tuple>> {
    let made = first.and_then(|first| {
        let mut list = Vec::with_capacity(received.controls.len());
        for (level, kind, data) in &received.controls {
            let items = vec![
                level.into_value(cx)?,
                kind.into_value(cx)?,
                Bytes::from_slice(cx, data)?.into_value(),
            ];
            list.push(Tuple::from_vec(cx, items)?.into_value());
        }
        let items = vec![
            first,
            List::from_values(cx, list)?.into_value(),
            received.flags.into_value(cx)?,
            address::present(cx, received.address.as_ref())?,
        ];
        Tuple::from_vec(cx, items)
    });
    if made.is_err() {
        for (level, kind, data) in &received.controls {
            if (*level, *kind) == (libc::SOL_SOCKET, libc::SCM_RIGHTS) {
                for number in data.chunks_exact(4) {
                    let number = [number[0], number[1], number[2], number[3]];
                    let _ = descriptor::close(i32::from_ne_bytes(number));
                }
            }
        }
    }
    made
}

#[pymethods(table = MESSAGES)]
impl Socket {
    /// sendmsg(buffers[, ancdata[, flags[, address]]]) -> count
    ///
    /// Send normal and ancillary data to the socket, gathering the
    /// non-ancillary data from a series of buffers and concatenating it into
    /// a single message.  The buffers argument specifies the non-ancillary
    /// data as an iterable of bytes-like objects (e.g. bytes objects).
    /// The ancdata argument specifies the ancillary data (control messages)
    /// as an iterable of zero or more tuples (cmsg_level, cmsg_type,
    /// cmsg_data), where cmsg_level and cmsg_type are integers specifying the
    /// protocol level and protocol-specific type respectively, and cmsg_data
    /// is a bytes-like object holding the associated data.  The flags
    /// argument defaults to 0 and has the same meaning as for send().  If
    /// address is supplied and not None, it sets a destination address for
    /// the message.  The return value is the number of bytes of non-ancillary
    /// data sent.
    #[method("sendmsg(self, buffers, ancdata=None, flags=0, address=None, /)")]
    fn sendmsg(
        cx: &Context,
        this: &Ref<Socket>,
        buffers: &Value,
        ancdata: Option<&Value>,
        flags: i32,
        to: Option<&Value>,
    ) -> PyResult<usize> {
        let mut parts = Vec::new();
        for part in iterable(cx, "sendmsg", 1, buffers)? {
            parts.push(BytesLike::of(cx, &part)?);
        }
        let controls = ancdata.map_or(Ok(Vec::new()), |data| controls(cx, data))?;
        let object = to;
        let to = match object {
            Some(to) => Some(address::parse(cx, this.family_number(), "sendmsg", to)?),
            None => None,
        };
        audit::event(cx, "socket.sendmsg", || {
            let to = object.cloned().unwrap_or(Value::NONE);
            Ok(vec![this.to_value(), to])
        })?;
        let parts: Vec<&[u8]> = parts.iter().map(BytesLike::bytes).collect();
        this.transfer(cx, WRITABLE, |number| {
            system::send_message(number, &parts, &controls, flags, to.as_ref())
        })
    }

    /// recvmsg(bufsize[, ancbufsize[, flags]]) -> (data, ancdata, msg_flags, address)
    ///
    /// Receive normal data (up to bufsize bytes) and ancillary data from the
    /// socket.  The ancbufsize argument sets the size in bytes of the
    /// internal buffer used to receive the ancillary data; it defaults to 0,
    /// meaning that no ancillary data will be received.  Appropriate buffer
    /// sizes for ancillary data can be calculated using CMSG_SPACE() or
    /// CMSG_LEN(), and items which do not fit into the buffer might be
    /// truncated or discarded.  The flags argument defaults to 0 and has the
    /// same meaning as for recv().
    #[method("recvmsg(self, bufsize, ancbufsize=0, flags=0, /)")]
    fn recvmsg(
        cx: &Context,
        this: &Ref<Socket>,
        bufsize: isize,
        ancbufsize: isize,
        flags: i32,
    ) -> PyResult<Ref<Tuple>> {
        let Ok(size) = usize::try_from(bufsize) else {
            return Err(cx.value_error("negative buffer size in recvmsg()"));
        };
        let controls = control_size(cx, ancbufsize)?;
        let mut memory = typhon_runtime::objects::bytes::zeros(cx, size)?;
        let received = this.transfer(cx, READABLE, |number| {
            let pieces = [(memory.as_mut_ptr(), memory.len())];
            // SAFETY: the memory is this function's own.
            unsafe { system::receive_message(number, &pieces, controls, flags) }
        })?;
        let data = Bytes::from_slice(cx, &memory[..received.count.min(size)]);
        result(cx, data.map(Ref::into_value), &received)
    }

    /// recvmsg_into(buffers[, ancbufsize[, flags]]) -> (nbytes, ancdata, msg_flags, address)
    ///
    /// Receive normal data and ancillary data from the socket, scattering the
    /// non-ancillary data into a series of buffers.  The buffers argument
    /// must be an iterable of objects that export writable buffers
    /// (e.g. bytearray objects); these will be filled with successive chunks
    /// of the non-ancillary data until it has all been written or there are
    /// no more buffers.  The ancbufsize argument sets the size in bytes of
    /// the internal buffer used to receive the ancillary data; it defaults to
    /// 0, meaning that no ancillary data will be received.
    #[method("recvmsg_into(self, buffers, ancbufsize=0, flags=0, /)")]
    fn recvmsg_into(
        cx: &Context,
        this: &Ref<Socket>,
        buffers: &Value,
        ancbufsize: isize,
        flags: i32,
    ) -> PyResult<Ref<Tuple>> {
        const PLACE: Place = Place {
            function: "recvmsg_into",
            position: 1,
            name: "buffers",
            by_name: false,
        };
        let mut targets = Vec::new();
        for buffer in iterable(cx, "recvmsg_into", 1, buffers)? {
            targets.push(BytesLike::writable(cx, &buffer, &PLACE)?);
        }
        let controls = control_size(cx, ancbufsize)?;
        let received = this.transfer(cx, READABLE, |number| {
            let pieces: Vec<_> = targets
                .iter()
                .map(|target| (target.buffer().start, target.len()))
                .collect();
            // SAFETY: the exporters keep their writable memory in place while `targets` lives.
            unsafe { system::receive_message(number, &pieces, controls, flags) }
        })?;
        result(cx, received.count.into_value(cx), &received)
    }
}
