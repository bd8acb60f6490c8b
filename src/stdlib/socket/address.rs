//! Addresses between Python and the system: `(host, port)`, paths, and their like.

use std::ffi::CString;
use std::net::{Ipv4Addr, Ipv6Addr};

use typhon_runtime::args::{FromArgument, IntoValue, Place};
use typhon_runtime::codec;
use typhon_runtime::objects::bytearray::ByteArray;
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::int;
use typhon_runtime::objects::str_::Str;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::{Context, PyResult, Ref, Value};

use super::resolver_error;
use super::system::{self, Address, Hints};
use crate::bytes_like::BytesLike;

/// The name of a host: text is encoded by IDNA.
///
/// # Errors
/// TypeError for what is no text, and what the codec raises.
pub(super) fn host_name(cx: &Context, value: &Value) -> PyResult<CString> {
    let bytes = if let Some(bytes) = value.downcast::<Bytes>() {
        bytes.as_slice().to_vec()
    } else if let Some(bytes) = value.downcast::<ByteArray>() {
        bytes.to_vec()
    } else if let Some(text) = value.downcast::<Str>() {
        match text.as_ascii() {
            Some(text) => text.as_bytes().to_vec(),
            None => match codec::encode(cx, text, "idna", "strict") {
                Ok(bytes) => bytes,
                Err(_) => {
                    cx.clear_exception();
                    return Err(cx.type_error("encoding of hostname failed"));
                }
            },
        }
    } else {
        let got = value.type_name();
        return Err(cx.type_error(format!("str, bytes or bytearray expected, not {got}")));
    };
    CString::new(bytes).map_err(|_| cx.type_error("host name must not contain null character"))
}

/// The address of a host, port 0.
///
/// # Errors
/// gaierror when the host is not found. OSError for ambiguous or unfitting special names.
pub(super) fn host_address(cx: &Context, name: &CString, family: i32) -> PyResult<Address> {
    let hints = |kind, flags| Hints {
        family,
        kind,
        protocol: 0,
        flags,
    };
    match name.as_bytes() {
        b"" => {
            let found = cx.detached(|| {
                system::resolve(None, Some(c"0"), hints(libc::SOCK_DGRAM, libc::AI_PASSIVE))
            });
            let found = found.map_err(|error| resolver_error(cx, error))?;
            return match found.as_slice() {
                [only] => Ok(only.address),
                _ => Err(cx.os_error("wildcard resolved to multiple address")),
            };
        }
        b"<broadcast>" | b"255.255.255.255" => {
            if family != libc::AF_INET && family != libc::AF_UNSPEC {
                return Err(cx.os_error("address family mismatched"));
            }
            return Ok(Address::inet(Ipv4Addr::BROADCAST, 0));
        }
        _ => {}
    }
    let text = name.to_string_lossy();
    if (family == libc::AF_UNSPEC || family == libc::AF_INET)
        && let Ok(host) = text.parse::<Ipv4Addr>()
    {
        return Ok(Address::inet(host, 0));
    }
    if (family == libc::AF_UNSPEC || family == libc::AF_INET6)
        && let Ok(host) = text.parse::<Ipv6Addr>()
    {
        return Ok(Address::inet6(host, 0, 0, 0));
    }
    let found = cx.detached(|| system::resolve(Some(name), None, hints(0, 0)));
    let found = found.map_err(|error| resolver_error(cx, error))?;
    match found.first() {
        Some(first) => Ok(first.address),
        None => Err(cx.os_error("no address found")),
    }
}

fn number<'a, T: FromArgument<'a>>(cx: &Context, value: &'a Value) -> PyResult<T> {
    const PLACE: Place = Place {
        function: "address",
        position: 0,
        name: "",
        by_name: false,
    };
    T::from_argument(cx, value, &PLACE)
}

fn port(cx: &Context, caller: &str, value: &Value) -> PyResult<u16> {
    u16::try_from(int::index_as_i128(cx, value)?)
        .map_err(|_| cx.overflow_error(format!("{caller}(): port must be 0-65535.")))
}

fn tuple<'a>(cx: &Context, caller: &str, family: &str, value: &'a Value) -> PyResult<&'a [Value]> {
    value
        .downcast::<Tuple>()
        .map(|tuple| tuple.as_slice())
        .ok_or_else(|| {
            let got = value.type_name();
            cx.type_error(format!(
                "{caller}(): {family} address must be tuple, not {got}"
            ))
        })
}

/// An address for a socket of `family`.
///
/// # Errors
/// TypeError, OverflowError and OSError for what is none; what looking up the host raises.
pub(super) fn parse(cx: &Context, family: i32, caller: &str, value: &Value) -> PyResult<Address> {
    match family {
        libc::AF_UNIX => {
            let path = match value.downcast::<Str>() {
                Some(text) => codec::encode_file_name(cx, text)?,
                None => BytesLike::of(cx, value)?.bytes().to_vec(),
            };
            // An abstract name needs no null byte behind it.
            let room = match path.first() {
                Some(0) => system::PATH_SIZE,
                _ => system::PATH_SIZE - 1,
            };
            if path.len() > room {
                return Err(cx.os_error("AF_UNIX path too long"));
            }
            Ok(Address::unix(&path))
        }
        libc::AF_INET => {
            let [host, at] = tuple(cx, caller, "AF_INET", value)? else {
                return Err(cx.type_error("AF_INET address must be a pair (host, port)"));
            };
            let host = host_name(cx, host)?;
            let at = port(cx, caller, at)?;
            Ok(host_address(cx, &host, libc::AF_INET)?.with_port(at))
        }
        libc::AF_INET6 => {
            let parts = tuple(cx, caller, "AF_INET6", value)?;
            let [host, at, rest @ ..] = parts else {
                return Err(cx.type_error(
                    "AF_INET6 address must be a tuple (host, port[, flowinfo[, scopeid]])",
                ));
            };
            if rest.len() > 2 {
                return Err(cx.type_error(
                    "AF_INET6 address must be a tuple (host, port[, flowinfo[, scopeid]])",
                ));
            }
            let host = host_name(cx, host)?;
            let at = port(cx, caller, at)?;
            let flow: u32 = rest.first().map_or(Ok(0), |flow| number(cx, flow))?;
            let scope: u32 = rest.get(1).map_or(Ok(0), |scope| number(cx, scope))?;
            if flow > 0xf_ffff {
                return Err(cx.overflow_error(format!("{caller}(): flowinfo must be 0-1048575.")));
            }
            let found = host_address(cx, &host, libc::AF_INET6)?;
            let (host, _, _, found_scope) = found.as_inet6();
            let scope = if scope != 0 { scope } else { found_scope };
            Ok(Address::inet6(host, at, flow, scope))
        }
        libc::AF_NETLINK => match tuple(cx, caller, "AF_NETLINK", value)? {
            [process, groups] => Ok(Address::netlink(number(cx, process)?, number(cx, groups)?)),
            _ => Err(cx.type_error("AF_NETLINK address must be a pair (pid, groups)")),
        },
        libc::AF_VSOCK => match tuple(cx, caller, "AF_VSOCK", value)? {
            [context, at] => Ok(Address::vsock(number(cx, context)?, number(cx, at)?)),
            _ => Err(cx.type_error("AF_VSOCK address must be a pair (CID, port)")),
        },
        _ => Err(cx.os_error(format!("{caller}(): bad family"))),
    }
}

/// A host as a number, without its port. The zone of an IPv6 host is in the address itself.
///
/// # Errors
/// MemoryError.
pub(super) fn host_text(cx: &Context, address: &Address) -> PyResult<Value> {
    match address.family() {
        libc::AF_INET6 => address.as_inet6().0.to_string().into_value(cx),
        _ => address.as_inet().0.to_string().into_value(cx),
    }
}

/// An address as Python has it.
///
/// # Errors
/// MemoryError.
pub(super) fn present(cx: &Context, address: Option<&Address>) -> PyResult<Value> {
    let Some(address) = address.filter(|address| address.length > 0) else {
        return Ok(Value::NONE);
    };
    let items = match address.family() {
        libc::AF_INET => {
            let (_, port) = address.as_inet();
            vec![host_text(cx, address)?, port.into_value(cx)?]
        }
        libc::AF_INET6 => {
            let (_, port, flow, scope) = address.as_inet6();
            vec![
                host_text(cx, address)?,
                port.into_value(cx)?,
                flow.into_value(cx)?,
                scope.into_value(cx)?,
            ]
        }
        libc::AF_UNIX => {
            let data = address.data();
            if data.first() == Some(&0) {
                return Bytes::from_slice(cx, &data).map(Ref::into_value);
            }
            let end = data
                .iter()
                .position(|&byte| byte == 0)
                .unwrap_or(data.len());
            return codec::decode_file_name(cx, &data[..end]).map(Ref::into_value);
        }
        libc::AF_NETLINK => {
            let (process, groups) = address.as_netlink();
            vec![process.into_value(cx)?, groups.into_value(cx)?]
        }
        libc::AF_VSOCK => {
            let (context, port) = address.as_vsock();
            vec![context.into_value(cx)?, port.into_value(cx)?]
        }
        family => vec![
            family.into_value(cx)?,
            Bytes::from_slice(cx, &address.data())?.into_value(),
        ],
    };
    Tuple::from_vec(cx, items).map(Ref::into_value)
}
