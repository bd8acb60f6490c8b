//! Names of hosts, services, protocols and interfaces; addresses as text and as bytes.

use std::ffi::CString;
use std::net::{Ipv4Addr, Ipv6Addr};

use rustix::io::Errno;
use typhon_macros::pyfunction;
use typhon_runtime::args::{FromArgument, IntoValue, Maybe, Place};
use typhon_runtime::codec;
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::int;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::str_::Str;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::{Context, PyResult, Ref, Value, audit};

use super::address::{self, host_address, host_name};
use super::system::{self, Address, Hints, Host};
use super::{host_error, resolver_error};
use crate::bytes_like::BytesLike;
use crate::descriptor::{self, checked};
use crate::path::Path;

/// Text for C.
pub(super) struct CText(CString);

impl<'a> FromArgument<'a> for CText {
    fn from_argument(cx: &Context, value: &'a Value, place: &Place) -> PyResult<Self> {
        let text = String::from_argument(cx, value, place)?;
        CString::new(text)
            .map(CText)
            .map_err(|_| cx.value_error("embedded null character"))
    }
}

/// An unsigned number of so many bits.
fn unsigned(cx: &Context, value: &Value, bits: u32) -> PyResult<u32> {
    match int::index_as_i128(cx, value)? {
        number if number < 0 => Err(cx.value_error("Cannot convert negative int")),
        number if number >> bits != 0 => {
            Err(cx.overflow_error(format!("Python int too large for C uint{bits}_t")))
        }
        number => Ok(number as u32),
    }
}

/// Convert a 16-bit unsigned integer from host to network byte order.
#[pyfunction("htons(integer, /)")]
pub(super) fn htons(cx: &Context, integer: &Value) -> PyResult<u16> {
    Ok((unsigned(cx, integer, 16)? as u16).to_be())
}

/// Convert a 32-bit unsigned integer from host to network byte order.
#[pyfunction("htonl(integer, /)")]
pub(super) fn htonl(cx: &Context, integer: &Value) -> PyResult<u32> {
    Ok(unsigned(cx, integer, 32)?.to_be())
}

/// Convert a 16-bit unsigned integer from network to host byte order.
#[pyfunction("ntohs(integer, /)")]
pub(super) fn ntohs(cx: &Context, integer: &Value) -> PyResult<u16> {
    htons(cx, integer)
}

/// Convert a 32-bit unsigned integer from network to host byte order.
#[pyfunction("ntohl(integer, /)")]
pub(super) fn ntohl(cx: &Context, integer: &Value) -> PyResult<u32> {
    htonl(cx, integer)
}

/// Convert an IP address in string format (123.45.67.89) to the 32-bit packed binary format used in low-level network functions.
#[pyfunction("inet_aton(ip_addr, /)")]
pub(super) fn inet_aton(cx: &Context, ip_addr: CText) -> PyResult<Ref<Bytes>> {
    match system::parse_inet(&ip_addr.0) {
        Some(bytes) => Bytes::from_slice(cx, &bytes),
        None => Err(cx.os_error("illegal IP address string passed to inet_aton")),
    }
}

/// Convert an IP address from 32-bit packed binary format to string format.
#[pyfunction("inet_ntoa(packed_ip, /)")]
pub(super) fn inet_ntoa(cx: &Context, packed_ip: BytesLike) -> PyResult<Value> {
    match <[u8; 4]>::try_from(packed_ip.bytes()) {
        Ok(bytes) => Ipv4Addr::from(bytes).to_string().into_value(cx),
        Err(_) => Err(cx.os_error("packed IP wrong length for inet_ntoa")),
    }
}

/// inet_pton(af, ip) -> packed IP address string
///
/// Convert an IP address from string format to a packed string suitable
/// for use with low-level network functions.
#[pyfunction("inet_pton(af, ip, /)")]
pub(super) fn inet_pton(cx: &Context, af: i32, ip: CText) -> PyResult<Ref<Bytes>> {
    let text = ip.0.to_string_lossy();
    let bytes = match af {
        libc::AF_INET => text.parse::<Ipv4Addr>().ok().map(|ip| ip.octets().to_vec()),
        libc::AF_INET6 => text.parse::<Ipv6Addr>().ok().map(|ip| ip.octets().to_vec()),
        _ => return Err(descriptor::os_error(cx, Errno::AFNOSUPPORT)),
    };
    match bytes {
        Some(bytes) => Bytes::from_slice(cx, &bytes),
        None => Err(cx.os_error("illegal IP address string passed to inet_pton")),
    }
}

/// inet_ntop(af, packed_ip) -> string formatted IP address
///
/// Convert a packed IP address of the given family to string format.
#[pyfunction("inet_ntop(af, packed_ip, /)")]
pub(super) fn inet_ntop(cx: &Context, af: i32, packed_ip: BytesLike) -> PyResult<Value> {
    let bytes = packed_ip.bytes();
    let text = match af {
        libc::AF_INET => <[u8; 4]>::try_from(bytes).map(|ip| Ipv4Addr::from(ip).to_string()),
        libc::AF_INET6 => <[u8; 16]>::try_from(bytes).map(|ip| Ipv6Addr::from(ip).to_string()),
        _ => return Err(cx.value_error(format!("unknown address family {af}"))),
    };
    match text {
        Ok(text) => text.into_value(cx),
        Err(_) => Err(cx.value_error("invalid length of packed IP address string")),
    }
}

/// Whether a name in ASCII is what IDNA makes of it: no label is empty but the last, none is too long.
fn has_fitting_labels(name: &str) -> bool {
    let mut labels = name.rsplit('.');
    labels.next().is_none_or(|last| last.len() < 64)
        && labels.all(|label| (1..64).contains(&label.len()))
}

/// getaddrinfo(host, port [, family, type, proto, flags])
///     -> list of (family, type, proto, canonname, sockaddr)
///
/// Resolve host and port into addrinfo struct.
#[pyfunction("getaddrinfo(host, port, family=0, type=0, proto=0, flags=0)")]
pub(super) fn getaddrinfo(
    cx: &Context,
    host: &Value,
    port: &Value,
    family: i32,
    kind: i32,
    proto: i32,
    flags: i32,
) -> PyResult<Ref<List>> {
    let null = || cx.value_error("embedded null character");
    let host_value = host;
    let host = if host.is_none() {
        None
    } else if let Some(text) = host.downcast::<Str>() {
        let bytes = match text.as_ascii().filter(|text| has_fitting_labels(text)) {
            Some(text) => text.as_bytes().to_vec(),
            None => codec::encode(cx, text, "idna", "strict")?,
        };
        Some(CString::new(bytes).map_err(|_| null())?)
    } else if let Some(bytes) = host.downcast::<Bytes>() {
        Some(CString::new(bytes.as_slice()).map_err(|_| null())?)
    } else {
        return Err(cx.type_error("getaddrinfo() argument 1 must be string or None"));
    };
    let service = if port.is_none() {
        None
    } else if let Some(text) = port.downcast::<Str>() {
        Some(CString::new(text.to_utf8(cx)?.as_bytes()).map_err(|_| null())?)
    } else if let Some(bytes) = port.downcast::<Bytes>() {
        Some(CString::new(bytes.as_slice()).map_err(|_| null())?)
    } else if let Some(number) = int::as_bigint(port) {
        Some(CString::new(number.to_string()).map_err(|_| null())?)
    } else {
        return Err(cx.os_error("Int or String expected"));
    };
    audit::event(cx, "socket.getaddrinfo", || {
        let mut told = vec![host_value.clone(), port.clone()];
        for number in [family, kind, proto] {
            told.push(int::from_i64(cx, number.into())?);
        }
        Ok(told)
    })?;
    let hints = Hints {
        family,
        kind,
        protocol: proto,
        flags,
    };
    let found = cx.detached(|| system::resolve(host.as_deref(), service.as_deref(), hints));
    let found = found.map_err(|error| resolver_error(cx, error))?;
    let mut list = Vec::with_capacity(found.len());
    for entry in &found {
        let items = vec![
            entry.family.into_value(cx)?,
            entry.kind.into_value(cx)?,
            entry.protocol.into_value(cx)?,
            codec::decode_file_name(cx, &entry.canonical)?.into_value(),
            address::present(cx, Some(&entry.address))?,
        ];
        list.push(Tuple::from_vec(cx, items)?.into_value());
    }
    List::from_values(cx, list)
}

/// getnameinfo(sockaddr, flags) --> (host, port)
///
/// Get host and port for a sockaddr.
#[pyfunction("getnameinfo(sockaddr, flags, /)")]
pub(super) fn getnameinfo(cx: &Context, sockaddr: &Value, flags: i32) -> PyResult<Ref<Tuple>> {
    const PLACE: Place = Place {
        function: "getnameinfo",
        position: 1,
        name: "",
        by_name: false,
    };
    let Some(parts) = sockaddr.downcast::<Tuple>() else {
        return Err(cx.type_error("getnameinfo() argument 1 must be a tuple"));
    };
    let [host, port, rest @ ..] = parts.as_slice() else {
        return Err(cx.type_error("getnameinfo(): illegal sockaddr argument"));
    };
    let Some(host) = host.downcast::<Str>() else {
        return Err(cx.type_error("getnameinfo(): illegal sockaddr argument"));
    };
    audit::event(cx, "socket.getnameinfo", || Ok(vec![sockaddr.clone()]))?;
    let host = CString::new(host.to_utf8(cx)?.as_bytes())
        .map_err(|_| cx.value_error("embedded null character"))?;
    let port = i32::from_argument(cx, port, &PLACE)?;
    let optional = |index: usize| -> PyResult<u32> {
        rest.get(index)
            .map_or(Ok(0), |value| u32::from_argument(cx, value, &PLACE))
    };
    let (flow, scope) = (optional(0)?, optional(1)?);
    if flow > 0xf_ffff {
        return Err(cx.overflow_error("getnameinfo(): flowinfo must be 0-1048575."));
    }
    let service = CString::new(port.to_string()).expect("invariant: digits have no null byte");
    let hints = Hints {
        kind: libc::SOCK_DGRAM,
        flags: libc::AI_NUMERICHOST,
        ..Hints::default()
    };
    let found = cx.detached(|| system::resolve(Some(&host), Some(&service), hints));
    let found = found.map_err(|error| resolver_error(cx, error))?;
    let [only] = found.as_slice() else {
        return Err(cx.os_error("sockaddr resolved to multiple addresses"));
    };
    let asked = match only.family {
        libc::AF_INET if !rest.is_empty() => {
            return Err(cx.os_error("IPv4 sockaddr must be 2 tuple"));
        }
        libc::AF_INET6 => {
            let (host, port, _, _) = only.address.as_inet6();
            Address::inet6(host, port, flow, scope)
        }
        _ => only.address,
    };
    let named = cx.detached(|| system::name_info(&asked, flags));
    let (name, service) = named.map_err(|error| resolver_error(cx, error))?;
    let items = vec![
        codec::decode_file_name(cx, name.as_bytes())?.into_value(),
        codec::decode_file_name(cx, service.as_bytes())?.into_value(),
    ];
    Tuple::from_vec(cx, items)
}

/// gethostname() -> string
///
/// Return the current host name.
#[pyfunction("gethostname()")]
pub(super) fn gethostname(cx: &Context) -> PyResult<Ref<Str>> {
    audit::event(cx, "socket.gethostname", || Ok(Vec::new()))?;
    let system = rustix::system::uname();
    codec::decode_file_name(cx, system.nodename().to_bytes())
}

/// sethostname(name)
///
/// Sets the hostname to name.
#[pyfunction("sethostname(name, /)")]
pub(super) fn sethostname(cx: &Context, name: &Value) -> PyResult<()> {
    let name = Path::convert(cx, "sethostname", name)?;
    checked(cx, system::set_host_name(name.as_bytes()))
}

/// The name of a host as an argument of a function.
fn host_argument(cx: &Context, function: &str, host: &Value) -> PyResult<CString> {
    use typhon_runtime::objects::bytearray::ByteArray;
    if host.downcast::<Str>().is_none()
        && host.downcast::<Bytes>().is_none()
        && host.downcast::<ByteArray>().is_none()
    {
        let got = host.type_name_for_argument();
        return Err(cx.type_error(format!(
            "{function}() argument 1 must be str, bytes or bytearray, not {got}"
        )));
    }
    host_name(cx, host)
}

/// gethostbyname(host) -> address
///
/// Return the IP address (a string of the form '255.255.255.255') for a host.
#[pyfunction("gethostbyname(host, /)")]
pub(super) fn gethostbyname(cx: &Context, host: &Value) -> PyResult<Value> {
    let name = host_argument(cx, "gethostbyname", host)?;
    audit::event(cx, "socket.gethostbyname", || Ok(vec![host.clone()]))?;
    let found = host_address(cx, &name, libc::AF_INET)?;
    address::host_text(cx, &found)
}

fn host_result(cx: &Context, found: Result<Host, i32>) -> PyResult<Ref<Tuple>> {
    let found = found.map_err(|error| host_error(cx, error))?;
    let mut aliases = Vec::new();
    for alias in &found.aliases {
        aliases.push(codec::decode_file_name(cx, alias)?.into_value());
    }
    let mut addresses = Vec::new();
    for bytes in &found.addresses {
        let text = match (found.family, bytes.as_slice()) {
            (libc::AF_INET6, bytes) => {
                <[u8; 16]>::try_from(bytes).map(|bytes| Ipv6Addr::from(bytes).to_string())
            }
            (_, bytes) => <[u8; 4]>::try_from(bytes).map(|bytes| Ipv4Addr::from(bytes).to_string()),
        };
        addresses.push(text.unwrap_or_default().into_value(cx)?);
    }
    let items = vec![
        codec::decode_file_name(cx, &found.name)?.into_value(),
        List::from_values(cx, aliases)?.into_value(),
        List::from_values(cx, addresses)?.into_value(),
    ];
    Tuple::from_vec(cx, items)
}

/// gethostbyname_ex(host) -> (name, aliaslist, addresslist)
///
/// Return the true host name, a list of aliases, and a list of IP addresses,
/// for a host.  The host argument is a string giving a host name or IP number.
#[pyfunction("gethostbyname_ex(host, /)")]
pub(super) fn gethostbyname_ex(cx: &Context, host: &Value) -> PyResult<Ref<Tuple>> {
    let name = host_argument(cx, "gethostbyname_ex", host)?;
    audit::event(cx, "socket.gethostbyname", || Ok(vec![host.clone()]))?;
    host_address(cx, &name, libc::AF_INET)?;
    let found = cx.detached(|| system::host(Ok(&name)));
    host_result(cx, found)
}

/// gethostbyaddr(host) -> (name, aliaslist, addresslist)
///
/// Return the true host name, a list of aliases, and a list of IP addresses,
/// for a host.  The host argument is a string giving a host name or IP number.
#[pyfunction("gethostbyaddr(host, /)")]
pub(super) fn gethostbyaddr(cx: &Context, host: &Value) -> PyResult<Ref<Tuple>> {
    let name = host_argument(cx, "gethostbyaddr", host)?;
    audit::event(cx, "socket.gethostbyaddr", || Ok(vec![host.clone()]))?;
    let asked = host_address(cx, &name, libc::AF_UNSPEC)?;
    let found = cx.detached(|| system::host(Err(&asked)));
    host_result(cx, found)
}

/// getservbyname(servicename[, protocolname]) -> integer
///
/// Return a port number from a service name and protocol name.
/// The optional protocol name, if given, should be 'tcp' or 'udp',
/// otherwise any protocol will match.
#[pyfunction("getservbyname(servicename, protocolname=None, /)")]
pub(super) fn getservbyname(
    cx: &Context,
    servicename: CText,
    protocolname: Maybe<CText>,
) -> PyResult<u16> {
    let protocol = protocolname.0.map(|name| name.0);
    cx.detached(|| system::service_port(&servicename.0, protocol.as_deref()))
        .ok_or_else(|| cx.os_error("service/proto not found"))
}

/// getservbyport(port[, protocolname]) -> string
///
/// Return the service name from a port number and protocol name.
/// The optional protocol name, if given, should be 'tcp' or 'udp',
/// otherwise any protocol will match.
#[pyfunction("getservbyport(port, protocolname=None, /)")]
pub(super) fn getservbyport(
    cx: &Context,
    port: i32,
    protocolname: Maybe<CText>,
) -> PyResult<Ref<Str>> {
    let Ok(port) = u16::try_from(port) else {
        return Err(cx.overflow_error("getservbyport: port must be 0-65535."));
    };
    let protocol = protocolname.0.map(|name| name.0);
    match cx.detached(|| system::service_name(port, protocol.as_deref())) {
        Some(name) => codec::decode_file_name(cx, &name),
        None => Err(cx.os_error("port/proto not found")),
    }
}

/// getprotobyname(name) -> integer
///
/// Return the protocol number for the named protocol.  (Rarely used.)
#[pyfunction("getprotobyname(name, /)")]
pub(super) fn getprotobyname(cx: &Context, name: CText) -> PyResult<i32> {
    cx.detached(|| system::protocol_number(&name.0))
        .ok_or_else(|| cx.os_error("protocol not found"))
}

/// if_nameindex()
///
/// Returns a list of network interface information (index, name) tuples.
#[pyfunction("if_nameindex()")]
pub(super) fn if_nameindex(cx: &Context) -> PyResult<Ref<List>> {
    let mut list = Vec::new();
    for (number, name) in checked(cx, system::interfaces())? {
        let name = codec::decode_file_name(cx, &name)?.into_value();
        list.push(Tuple::from_vec(cx, vec![number.into_value(cx)?, name])?.into_value());
    }
    List::from_values(cx, list)
}

/// Returns the interface index corresponding to the interface name if_name.
#[pyfunction("if_nametoindex(oname, /)")]
pub(super) fn if_nametoindex(cx: &Context, oname: &Value) -> PyResult<u32> {
    let name = Path::convert(cx, "if_nametoindex", oname)?;
    checked(cx, system::interface_number(name.as_c_str()))
}

/// Returns the interface name corresponding to the interface index if_index.
#[pyfunction("if_indextoname(if_index, /)")]
pub(super) fn if_indextoname(cx: &Context, if_index: &Value) -> PyResult<Ref<Str>> {
    let number = match int::index_as_i128(cx, if_index)? {
        number if number < 0 => return Err(cx.value_error("Cannot convert negative int")),
        number => u32::try_from(number)
            .map_err(|_| cx.overflow_error("Python int too large for C unsigned int"))?,
    };
    let name = checked(cx, system::interface_name(number))?;
    codec::decode_file_name(cx, name.as_bytes())
}
