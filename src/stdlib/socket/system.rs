//! Sockets as the system has them: addresses, calls, the resolver. All of the module's unsafe code that
//! deals with C structures is here; nothing here knows Python.

use std::ffi::{CStr, CString, c_char};
use std::mem::{MaybeUninit, offset_of, size_of};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::os::fd::RawFd;
use std::os::raw::{c_int, c_void};
use std::ptr;

use parking_lot::Mutex;
use rustix::io::{Errno, Result as SystemResult};
use typhon_runtime::buffer::Buffer;

/// The errno of this thread.
fn last_error() -> Errno {
    Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::INVAL)
}

/// An answer of -1 is an error.
fn outcome(answer: c_int) -> SystemResult<c_int> {
    if answer == -1 {
        Err(last_error())
    } else {
        Ok(answer)
    }
}

fn counted(answer: isize) -> SystemResult<usize> {
    usize::try_from(answer).map_err(|_| last_error())
}

/// A socket address of any family. `length` bytes of the storage count.
#[derive(Clone, Copy)]
pub(super) struct Address {
    storage: libc::sockaddr_storage,
    pub(super) length: libc::socklen_t,
}

/// Where the path of a Unix address begins.
const PATH_OFFSET: usize = offset_of!(libc::sockaddr_un, sun_path);
/// The longest path, null byte included.
pub(super) const PATH_SIZE: usize = size_of::<libc::sockaddr_un>() - PATH_OFFSET;

impl Address {
    /// Room for an address that the system fills in.
    pub(super) fn room() -> Address {
        Address {
            // SAFETY: the storage is numbers.
            storage: unsafe { std::mem::zeroed() },
            length: size_of::<libc::sockaddr_storage>() as libc::socklen_t,
        }
    }

    /// An address from the structure of its family.
    fn from<T: Copy>(address: T) -> Address {
        const { assert!(size_of::<T>() <= size_of::<libc::sockaddr_storage>()) };
        let mut made = Address::room();
        // SAFETY: the storage is large enough and aligned for every kind of address.
        unsafe { ptr::from_mut(&mut made.storage).cast::<T>().write(address) };
        made.length = size_of::<T>() as libc::socklen_t;
        made
    }

    /// The structure of the address's family. Bytes past `length` are 0.
    fn to<T: Copy>(&self) -> T {
        const { assert!(size_of::<T>() <= size_of::<libc::sockaddr_storage>()) };
        // SAFETY: the storage is large enough, and the structures are numbers.
        unsafe { ptr::from_ref(&self.storage).cast::<T>().read() }
    }

    pub(super) fn inet(host: Ipv4Addr, port: u16) -> Address {
        // SAFETY: all fields are numbers.
        let mut address: libc::sockaddr_in = unsafe { std::mem::zeroed() };
        address.sin_family = libc::AF_INET as libc::sa_family_t;
        address.sin_port = port.to_be();
        address.sin_addr.s_addr = u32::from(host).to_be();
        Address::from(address)
    }

    pub(super) fn inet6(host: Ipv6Addr, port: u16, flow: u32, scope: u32) -> Address {
        // SAFETY: all fields are numbers.
        let mut address: libc::sockaddr_in6 = unsafe { std::mem::zeroed() };
        address.sin6_family = libc::AF_INET6 as libc::sa_family_t;
        address.sin6_port = port.to_be();
        address.sin6_flowinfo = flow.to_be();
        address.sin6_scope_id = scope;
        address.sin6_addr.s6_addr = host.octets();
        Address::from(address)
    }

    /// A path of at most `PATH_SIZE` bytes; one that begins with a null byte is abstract.
    pub(super) fn unix(path: &[u8]) -> Address {
        // SAFETY: all fields are numbers.
        let mut address: libc::sockaddr_un = unsafe { std::mem::zeroed() };
        address.sun_family = libc::AF_UNIX as libc::sa_family_t;
        for (to, from) in address.sun_path.iter_mut().zip(path) {
            *to = *from as c_char;
        }
        let mut made = Address::from(address);
        let null = usize::from(!path.is_empty() && path[0] != 0);
        made.length = (PATH_OFFSET + path.len() + null) as libc::socklen_t;
        made
    }

    pub(super) fn netlink(process: u32, groups: u32) -> Address {
        // SAFETY: all fields are numbers.
        let mut address: libc::sockaddr_nl = unsafe { std::mem::zeroed() };
        address.nl_family = libc::AF_NETLINK as libc::sa_family_t;
        address.nl_pid = process;
        address.nl_groups = groups;
        Address::from(address)
    }

    pub(super) fn vsock(context: u32, port: u32) -> Address {
        // SAFETY: all fields are numbers.
        let mut address: libc::sockaddr_vm = unsafe { std::mem::zeroed() };
        address.svm_family = libc::AF_VSOCK as libc::sa_family_t;
        address.svm_cid = context;
        address.svm_port = port;
        Address::from(address)
    }

    pub(super) fn family(&self) -> i32 {
        self.storage.ss_family.into()
    }

    /// Host and port.
    pub(super) fn as_inet(&self) -> (Ipv4Addr, u16) {
        let address: libc::sockaddr_in = self.to();
        (
            Ipv4Addr::from(u32::from_be(address.sin_addr.s_addr)),
            u16::from_be(address.sin_port),
        )
    }

    /// Host, port, flow information and scope.
    pub(super) fn as_inet6(&self) -> (Ipv6Addr, u16, u32, u32) {
        let address: libc::sockaddr_in6 = self.to();
        (
            Ipv6Addr::from(address.sin6_addr.s6_addr),
            u16::from_be(address.sin6_port),
            u32::from_be(address.sin6_flowinfo),
            address.sin6_scope_id,
        )
    }

    /// The same host at another port.
    pub(super) fn with_port(self, port: u16) -> Address {
        match self.family() {
            libc::AF_INET => Address::inet(self.as_inet().0, port),
            libc::AF_INET6 => {
                let (host, _, flow, scope) = self.as_inet6();
                Address::inet6(host, port, flow, scope)
            }
            _ => self,
        }
    }

    /// The bytes behind the family.
    pub(super) fn data(&self) -> Vec<u8> {
        let bytes: [u8; size_of::<libc::sockaddr_storage>()] = self.to();
        let end = (self.length as usize).clamp(PATH_OFFSET, bytes.len());
        bytes[PATH_OFFSET..end].to_vec()
    }

    pub(super) fn as_netlink(&self) -> (u32, u32) {
        let address: libc::sockaddr_nl = self.to();
        (address.nl_pid, address.nl_groups)
    }

    pub(super) fn as_vsock(&self) -> (u32, u32) {
        let address: libc::sockaddr_vm = self.to();
        (address.svm_cid, address.svm_port)
    }

    fn pointer(&self) -> *const libc::sockaddr {
        ptr::from_ref(&self.storage).cast()
    }

    fn pointer_mut(&mut self) -> *mut libc::sockaddr {
        ptr::from_mut(&mut self.storage).cast()
    }
}

pub(super) fn socket(family: i32, kind: i32, protocol: i32) -> SystemResult<RawFd> {
    // SAFETY: the call takes numbers.
    outcome(unsafe { libc::socket(family, kind | libc::SOCK_CLOEXEC, protocol) })
}

pub(super) fn socket_pair(family: i32, kind: i32, protocol: i32) -> SystemResult<[RawFd; 2]> {
    let mut pair = [-1; 2];
    // SAFETY: the pair has room for two.
    outcome(unsafe {
        libc::socketpair(
            family,
            kind | libc::SOCK_CLOEXEC,
            protocol,
            pair.as_mut_ptr(),
        )
    })?;
    Ok(pair)
}

pub(super) fn bind(socket: RawFd, address: &Address) -> SystemResult<()> {
    // SAFETY: the address is there in its length.
    outcome(unsafe { libc::bind(socket, address.pointer(), address.length) }).map(drop)
}

pub(super) fn connect(socket: RawFd, address: &Address) -> SystemResult<()> {
    // SAFETY: as above.
    outcome(unsafe { libc::connect(socket, address.pointer(), address.length) }).map(drop)
}

pub(super) fn listen(socket: RawFd, backlog: i32) -> SystemResult<()> {
    // SAFETY: the call takes numbers.
    outcome(unsafe { libc::listen(socket, backlog) }).map(drop)
}

pub(super) fn shutdown(socket: RawFd, how: i32) -> SystemResult<()> {
    // SAFETY: the call takes numbers.
    outcome(unsafe { libc::shutdown(socket, how) }).map(drop)
}

pub(super) fn accept(socket: RawFd) -> SystemResult<(RawFd, Address)> {
    let mut address = Address::room();
    let mut length = address.length;
    // SAFETY: the address has room for `length` bytes.
    let accepted = outcome(unsafe {
        libc::accept4(
            socket,
            address.pointer_mut(),
            &mut length,
            libc::SOCK_CLOEXEC,
        )
    })?;
    address.length = length;
    Ok((accepted, address))
}

/// `getsockname` or `getpeername`.
pub(super) fn name(socket: RawFd, of_peer: bool) -> SystemResult<Address> {
    let mut address = Address::room();
    let mut length = address.length;
    let call = if of_peer {
        libc::getpeername
    } else {
        libc::getsockname
    };
    // SAFETY: the address has room for `length` bytes.
    outcome(unsafe { call(socket, address.pointer_mut(), &mut length) })?;
    address.length = length;
    Ok(address)
}

pub(super) fn send(socket: RawFd, bytes: &[u8], flags: i32) -> SystemResult<usize> {
    // SAFETY: the bytes are there.
    counted(unsafe { libc::send(socket, bytes.as_ptr().cast(), bytes.len(), flags) })
}

pub(super) fn send_to(
    socket: RawFd,
    bytes: &[u8],
    flags: i32,
    address: &Address,
) -> SystemResult<usize> {
    // SAFETY: the bytes and the address are there.
    counted(unsafe {
        libc::sendto(
            socket,
            bytes.as_ptr().cast(),
            bytes.len(),
            flags,
            address.pointer(),
            address.length,
        )
    })
}

/// Receives to the end of `out`, up to its capacity.
pub(super) fn receive(socket: RawFd, out: &mut Vec<u8>, flags: i32) -> SystemResult<usize> {
    let spare = out.spare_capacity_mut();
    // SAFETY: the memory is there.
    let count =
        counted(unsafe { libc::recv(socket, spare.as_mut_ptr().cast(), spare.len(), flags) })?;
    let filled = out.len() + count.min(out.capacity() - out.len());
    // SAFETY: the call has filled in as many bytes (with MSG_TRUNC it may have seen more).
    unsafe { out.set_len(filled) };
    Ok(count)
}

/// [`receive`], and who sent it.
pub(super) fn receive_from(
    socket: RawFd,
    out: &mut Vec<u8>,
    flags: i32,
) -> SystemResult<Option<Address>> {
    let mut address = Address::room();
    let mut length = address.length;
    let spare = out.spare_capacity_mut();
    // SAFETY: memory and address have room.
    let count = counted(unsafe {
        libc::recvfrom(
            socket,
            spare.as_mut_ptr().cast(),
            spare.len(),
            flags,
            address.pointer_mut(),
            &mut length,
        )
    })?;
    let filled = out.len() + count.min(out.capacity() - out.len());
    // SAFETY: as in `receive`.
    unsafe { out.set_len(filled) };
    address.length = length;
    Ok((length > 0).then_some(address))
}

/// Receives into a buffer that somebody else owns, up to `length` bytes; and who sent it.
pub(super) fn receive_into(
    socket: RawFd,
    buffer: &Buffer,
    length: usize,
    flags: i32,
) -> SystemResult<(usize, Option<Address>)> {
    let mut address = Address::room();
    let mut address_length = address.length;
    // SAFETY: the exporter keeps the memory in place while the buffer lives; it is writable, as the
    // caller has checked.
    let count = counted(unsafe {
        libc::recvfrom(
            socket,
            buffer.start.cast(),
            length.min(buffer.length),
            flags,
            address.pointer_mut(),
            &mut address_length,
        )
    })?;
    address.length = address_length;
    Ok((count, (address_length > 0).then_some(address)))
}

/// A control message: level, type and data.
pub(super) type Control = (i32, i32, Vec<u8>);

/// The room that control messages with so many bytes of data each take, one behind the other.
pub(super) fn control_space(length: usize) -> Option<usize> {
    let header = size_of::<libc::cmsghdr>();
    let aligned = length.checked_add(7)? & !7;
    aligned
        .checked_add(header)
        .filter(|&space| space <= c_int::MAX as usize)
}

/// The length of a control message without padding behind it.
pub(super) fn control_length(length: usize) -> Option<usize> {
    length
        .checked_add(size_of::<libc::cmsghdr>())
        .filter(|&length| length <= c_int::MAX as usize)
}

/// `sendmsg`: all of `parts`, and the control messages.
pub(super) fn send_message(
    socket: RawFd,
    parts: &[&[u8]],
    controls: &[Control],
    flags: i32,
    address: Option<&Address>,
) -> SystemResult<usize> {
    let mut vectors: Vec<libc::iovec> = parts
        .iter()
        .map(|part| libc::iovec {
            iov_base: part.as_ptr().cast_mut().cast(),
            iov_len: part.len(),
        })
        .collect();
    let space: usize = controls
        .iter()
        .filter_map(|(_, _, data)| control_space(data.len()))
        .sum();
    // Words, so that headers are aligned.
    let mut memory = vec![0u64; space.div_ceil(8)];
    // SAFETY: all fields are numbers and pointers.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = vectors.as_mut_ptr();
    message.msg_iovlen = vectors.len();
    if let Some(address) = address {
        message.msg_name = address.pointer().cast_mut().cast();
        message.msg_namelen = address.length;
    }
    if !controls.is_empty() {
        message.msg_control = memory.as_mut_ptr().cast();
        message.msg_controllen = space;
        // SAFETY: the memory has room for all messages, by `control_space`.
        unsafe {
            let mut at = libc::CMSG_FIRSTHDR(&message);
            for (level, kind, data) in controls {
                (*at).cmsg_level = *level;
                (*at).cmsg_type = *kind;
                (*at).cmsg_len = libc::CMSG_LEN(data.len() as u32) as usize;
                ptr::copy_nonoverlapping(data.as_ptr(), libc::CMSG_DATA(at), data.len());
                at = libc::CMSG_NXTHDR(&message, at);
            }
        }
    }
    // SAFETY: all that the message points to lives until the call returns.
    counted(unsafe { libc::sendmsg(socket, &message, flags) })
}

/// What `recvmsg` received.
pub(super) struct Received {
    pub(super) count: usize,
    pub(super) controls: Vec<Control>,
    pub(super) flags: i32,
    pub(super) address: Option<Address>,
}

/// `recvmsg` into memory, each piece of so many bytes.
///
/// # Safety
/// The pieces can be written to until the call returns.
pub(super) unsafe fn receive_message(
    socket: RawFd,
    pieces: &[(*mut u8, usize)],
    control_size: usize,
    flags: i32,
) -> SystemResult<Received> {
    let mut vectors: Vec<libc::iovec> = pieces
        .iter()
        .map(|&(start, length)| libc::iovec {
            iov_base: start.cast(),
            iov_len: length,
        })
        .collect();
    let mut memory = vec![0u64; control_size.div_ceil(8)];
    let mut address = Address::room();
    // SAFETY: all fields are numbers and pointers.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = vectors.as_mut_ptr();
    message.msg_iovlen = vectors.len();
    message.msg_name = address.pointer_mut().cast();
    message.msg_namelen = address.length;
    if control_size > 0 {
        message.msg_control = memory.as_mut_ptr().cast();
        message.msg_controllen = control_size;
    }
    // SAFETY: all that the message points to lives until the call returns.
    let count = counted(unsafe { libc::recvmsg(socket, &mut message, flags) })?;
    address.length = message.msg_namelen;
    let mut controls = Vec::new();
    let end = memory.as_ptr() as usize + message.msg_controllen;
    // SAFETY: the system has filled in `msg_controllen` bytes of the memory; what a header says of its
    // data is cut off there.
    unsafe {
        let mut at = libc::CMSG_FIRSTHDR(&message);
        while !at.is_null() {
            let data = libc::CMSG_DATA(at);
            let claimed = ((*at).cmsg_len).saturating_sub(data as usize - at as usize);
            let length = claimed.min(end.saturating_sub(data as usize));
            let bytes = std::slice::from_raw_parts(data, length).to_vec();
            controls.push(((*at).cmsg_level, (*at).cmsg_type, bytes));
            if claimed > length {
                break;
            }
            at = libc::CMSG_NXTHDR(&message, at);
        }
    }
    Ok(Received {
        count,
        controls,
        flags: message.msg_flags,
        address: (message.msg_namelen > 0).then_some(address),
    })
}

/// An option's bytes, at most `size`.
pub(super) fn option(socket: RawFd, level: i32, name: i32, size: usize) -> SystemResult<Vec<u8>> {
    let mut bytes = vec![0u8; size];
    let mut length = size as libc::socklen_t;
    // SAFETY: the memory has room for `length` bytes.
    outcome(unsafe {
        libc::getsockopt(socket, level, name, bytes.as_mut_ptr().cast(), &mut length)
    })?;
    bytes.truncate(length as usize);
    Ok(bytes)
}

/// An option that is an int.
pub(super) fn int_option(socket: RawFd, level: i32, name: i32) -> SystemResult<i32> {
    let bytes = option(socket, level, name, 4)?;
    let mut word = [0; 4];
    word[..bytes.len()].copy_from_slice(&bytes);
    Ok(i32::from_ne_bytes(word))
}

/// Sets an option from bytes, or from no memory and a length.
pub(super) fn set_option(
    socket: RawFd,
    level: i32,
    name: i32,
    value: Result<&[u8], u32>,
) -> SystemResult<()> {
    let (start, length) = match value {
        Ok(bytes) => (bytes.as_ptr().cast::<c_void>(), bytes.len() as u32),
        Err(length) => (ptr::null(), length),
    };
    // SAFETY: the bytes are there; a null pointer is what the caller asked for, and the system checks it.
    outcome(unsafe { libc::setsockopt(socket, level, name, start, length) }).map(drop)
}

pub(super) fn set_nonblocking(socket: RawFd, nonblocking: bool) -> SystemResult<()> {
    let mut flag = c_int::from(nonblocking);
    // SAFETY: the request reads an int.
    outcome(unsafe { libc::ioctl(socket, libc::FIONBIO, &mut flag) }).map(drop)
}

/// One answer of the resolver.
pub(super) struct Found {
    pub(super) family: i32,
    pub(super) kind: i32,
    pub(super) protocol: i32,
    pub(super) canonical: Vec<u8>,
    pub(super) address: Address,
}

/// Why the resolver has no answer: its own number, and errno.
#[derive(Clone, Copy)]
pub(super) struct Unresolved {
    pub(super) code: i32,
    pub(super) errno: i32,
}

impl Unresolved {
    fn now(code: i32) -> Unresolved {
        Unresolved {
            code,
            errno: last_error().raw_os_error(),
        }
    }

    /// The resolver's text.
    pub(super) fn text(self) -> String {
        // SAFETY: the call returns a static string.
        unsafe { CStr::from_ptr(libc::gai_strerror(self.code)) }
            .to_string_lossy()
            .into_owned()
    }
}

/// What is asked of the resolver beside names.
#[derive(Clone, Copy, Default)]
pub(super) struct Hints {
    pub(super) family: i32,
    pub(super) kind: i32,
    pub(super) protocol: i32,
    pub(super) flags: i32,
}

/// `getaddrinfo`. Blocks.
pub(super) fn resolve(
    host: Option<&CStr>,
    service: Option<&CStr>,
    hints: Hints,
) -> Result<Vec<Found>, Unresolved> {
    // SAFETY: all fields are numbers and pointers that may be null.
    let mut wanted: libc::addrinfo = unsafe { std::mem::zeroed() };
    wanted.ai_family = hints.family;
    wanted.ai_socktype = hints.kind;
    wanted.ai_protocol = hints.protocol;
    wanted.ai_flags = hints.flags;
    let mut list = ptr::null_mut();
    let pointer = |text: Option<&CStr>| text.map_or(ptr::null(), CStr::as_ptr);
    // SAFETY: strings end with null or are left out; the list is written to a local.
    let code = unsafe { libc::getaddrinfo(pointer(host), pointer(service), &wanted, &mut list) };
    if code != 0 {
        return Err(Unresolved::now(code));
    }
    let mut found = Vec::new();
    let mut at = list;
    // SAFETY: the list is the resolver's until it is freed below; each entry's address has its length.
    unsafe {
        while let Some(entry) = at.as_ref() {
            let mut address = Address::room();
            let length = (entry.ai_addrlen as usize).min(size_of::<libc::sockaddr_storage>());
            ptr::copy_nonoverlapping(
                entry.ai_addr.cast::<u8>(),
                address.pointer_mut().cast::<u8>(),
                length,
            );
            address.length = length as libc::socklen_t;
            found.push(Found {
                family: entry.ai_family,
                kind: entry.ai_socktype,
                protocol: entry.ai_protocol,
                canonical: match entry.ai_canonname.is_null() {
                    true => Vec::new(),
                    false => CStr::from_ptr(entry.ai_canonname).to_bytes().to_vec(),
                },
                address,
            });
            at = entry.ai_next;
        }
        libc::freeaddrinfo(list);
    }
    Ok(found)
}

/// `getnameinfo`. Blocks.
pub(super) fn name_info(address: &Address, flags: i32) -> Result<(CString, CString), Unresolved> {
    let (mut host, mut service) = ([0u8; 1025], [0u8; 32]);
    // SAFETY: the address and both texts have the lengths that are given.
    let code = unsafe {
        libc::getnameinfo(
            address.pointer(),
            address.length,
            host.as_mut_ptr().cast(),
            host.len() as u32,
            service.as_mut_ptr().cast(),
            service.len() as u32,
            flags,
        )
    };
    if code != 0 {
        return Err(Unresolved::now(code));
    }
    let text = |bytes: &[u8]| {
        CStr::from_bytes_until_nul(bytes)
            .map(CStr::to_owned)
            .unwrap_or_default()
    };
    Ok((text(&host), text(&service)))
}

/// A host of the old interface: name, aliases, addresses of one family.
pub(super) struct Host {
    pub(super) name: Vec<u8>,
    pub(super) aliases: Vec<Vec<u8>>,
    pub(super) family: i32,
    pub(super) addresses: Vec<Vec<u8>>,
}

unsafe extern "C" {
    fn gethostbyname_r(
        name: *const c_char,
        host: *mut libc::hostent,
        memory: *mut c_char,
        length: usize,
        result: *mut *mut libc::hostent,
        error: *mut c_int,
    ) -> c_int;
    fn gethostbyaddr_r(
        address: *const c_void,
        address_length: libc::socklen_t,
        family: c_int,
        host: *mut libc::hostent,
        memory: *mut c_char,
        length: usize,
        result: *mut *mut libc::hostent,
        error: *mut c_int,
    ) -> c_int;
    fn hstrerror(error: c_int) -> *const c_char;
    safe fn getservbyport(port: c_int, protocol: Option<&c_char>) -> *mut libc::servent;
}

/// The resolver's text for an error of [`host`].
pub(super) fn host_error_text(error: i32) -> String {
    // SAFETY: the call returns a static string.
    unsafe { CStr::from_ptr(hstrerror(error)) }
        .to_string_lossy()
        .into_owned()
}

/// Strings of an array that ends with null.
///
/// # Safety
/// The array is one, and its entries have `length` bytes, or end with null when there is no length.
unsafe fn entries(mut at: *mut *mut c_char, length: Option<usize>) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    // SAFETY: by the caller's promise.
    unsafe {
        while !at.is_null() && !(*at).is_null() {
            all.push(match length {
                Some(length) => std::slice::from_raw_parts((*at).cast::<u8>(), length).to_vec(),
                None => CStr::from_ptr(*at).to_bytes().to_vec(),
            });
            at = at.add(1);
        }
    }
    all
}

/// A host by its name, or by its address. The error is that of the old interface. Blocks.
pub(super) fn host(by: Result<&CStr, &Address>) -> Result<Host, i32> {
    let mut host = MaybeUninit::<libc::hostent>::uninit();
    let mut memory = vec![0u8; 16384];
    let mut result = ptr::null_mut();
    let mut error = 0;
    // SAFETY: all memory is as large as is said, and lives until the answer is copied.
    unsafe {
        match by {
            Ok(name) => gethostbyname_r(
                name.as_ptr(),
                host.as_mut_ptr(),
                memory.as_mut_ptr().cast(),
                memory.len(),
                &mut result,
                &mut error,
            ),
            Err(address) => {
                let bytes = match address.family() {
                    libc::AF_INET6 => address.as_inet6().0.octets().to_vec(),
                    _ => address.as_inet().0.octets().to_vec(),
                };
                gethostbyaddr_r(
                    bytes.as_ptr().cast(),
                    bytes.len() as libc::socklen_t,
                    address.family(),
                    host.as_mut_ptr(),
                    memory.as_mut_ptr().cast(),
                    memory.len(),
                    &mut result,
                    &mut error,
                )
            }
        };
        let Some(found) = result.as_ref() else {
            return Err(error);
        };
        Ok(Host {
            name: CStr::from_ptr(found.h_name).to_bytes().to_vec(),
            aliases: entries(found.h_aliases, None),
            family: found.h_addrtype,
            addresses: entries(found.h_addr_list, Some(found.h_length as usize)),
        })
    }
}

/// The databases of services and protocols answer in memory that the next question overwrites.
static DATABASES: Mutex<()> = Mutex::new(());

/// The port of a service.
pub(super) fn service_port(name: &CStr, protocol: Option<&CStr>) -> Option<u16> {
    let _alone = DATABASES.lock();
    let protocol = protocol.map_or(ptr::null(), CStr::as_ptr);
    // SAFETY: the strings end with null; the answer is read before the next question.
    unsafe {
        libc::getservbyname(name.as_ptr(), protocol)
            .as_ref()
            .map(|service| u16::from_be(service.s_port as u16))
    }
}

/// The name of the service at a port.
pub(super) fn service_name(port: u16, protocol: Option<&CStr>) -> Option<Vec<u8>> {
    let _alone = DATABASES.lock();
    // SAFETY: a `CStr` has at least its null byte.
    let protocol = protocol.map(|protocol| unsafe { &*protocol.as_ptr() });
    let service = getservbyport(port.to_be().into(), protocol);
    // SAFETY: as above.
    unsafe {
        service
            .as_ref()
            .map(|service| CStr::from_ptr(service.s_name).to_bytes().to_vec())
    }
}

/// The number of a protocol.
pub(super) fn protocol_number(name: &CStr) -> Option<i32> {
    let _alone = DATABASES.lock();
    // SAFETY: as above.
    unsafe {
        libc::getprotobyname(name.as_ptr())
            .as_ref()
            .map(|protocol| protocol.p_proto)
    }
}

/// Numbers and names of the network interfaces.
pub(super) fn interfaces() -> SystemResult<Vec<(u32, Vec<u8>)>> {
    // SAFETY: the list ends with an entry of zeros, and is the caller's to free.
    unsafe {
        let list = libc::if_nameindex();
        if list.is_null() {
            return Err(last_error());
        }
        let mut all = Vec::new();
        let mut at = list;
        while (*at).if_index != 0 && !(*at).if_name.is_null() {
            let name = CStr::from_ptr((*at).if_name).to_bytes().to_vec();
            all.push(((*at).if_index, name));
            at = at.add(1);
        }
        libc::if_freenameindex(list);
        Ok(all)
    }
}

pub(super) fn interface_number(name: &CStr) -> SystemResult<u32> {
    // SAFETY: the name ends with null.
    match unsafe { libc::if_nametoindex(name.as_ptr()) } {
        0 => Err(last_error()),
        number => Ok(number),
    }
}

pub(super) fn interface_name(number: u32) -> SystemResult<CString> {
    let mut name = [0u8; libc::IF_NAMESIZE];
    // SAFETY: the name has room.
    if unsafe { libc::if_indextoname(number, name.as_mut_ptr().cast()) }.is_null() {
        return Err(last_error());
    }
    CStr::from_bytes_until_nul(&name)
        .map(CStr::to_owned)
        .map_err(|_| Errno::INVAL)
}

/// An address in any of the notations that C's `inet_aton` takes.
pub(super) fn parse_inet(text: &CStr) -> Option<[u8; 4]> {
    unsafe extern "C" {
        fn inet_aton(text: *const c_char, address: *mut libc::in_addr) -> c_int;
    }
    let mut address = libc::in_addr { s_addr: 0 };
    // SAFETY: the text ends with null, the address is a local.
    (unsafe { inet_aton(text.as_ptr(), &mut address) } != 0).then(|| address.s_addr.to_ne_bytes())
}

pub(super) fn set_host_name(name: &[u8]) -> SystemResult<()> {
    // SAFETY: the bytes are there.
    outcome(unsafe { libc::sethostname(name.as_ptr().cast(), name.len()) }).map(drop)
}
