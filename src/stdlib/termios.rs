//! `termios`: the settings of terminals.

use std::os::fd::RawFd;

use rustix::io::{Errno, Result as SystemResult};
use typhon_macros::{pyfunction, pymodule};
use typhon_runtime::args::{FromArgument, IntoValue, Place};
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::exceptions::{self, error_text};
use typhon_runtime::objects::int;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::protocols::iterate;
use typhon_runtime::{Context, PyResult, Ref, Value, module};

use crate::exception_class::ExceptionClass;
use crate::{blocking, descriptor};

macro_rules! from_libc {
    ($($name:ident)*) => { &[$((stringify!($name), libc::$name as i64),)*] };
}

/// Those that the C library's headers define.
static FROM_LIBC: &[(&str, i64)] = from_libc! {
    BRKINT BS0 BS1 BSDLY CBAUD CBAUDEX CIBAUD CLOCAL CR0 CR1 CR2 CR3 CRDLY CREAD CRTSCTS CS5 CS6
    CS7 CS8 CSIZE CSTOPB ECHO ECHOCTL ECHOE ECHOK ECHOKE ECHONL ECHOPRT EXTPROC FF0
    FF1 FFDLY FLUSHO HUPCL ICANON ICRNL IEXTEN IGNBRK IGNCR IGNPAR IMAXBEL INLCR INPCK ISIG
    ISTRIP IUTF8 IXANY IXOFF IXON NCCS NL0 NL1 NLDLY NOFLSH OCRNL OFDEL OFILL OLCUC ONLCR ONLRET
    ONOCR OPOST PARENB PARMRK PARODD PENDIN TAB0 TAB1 TAB2 TAB3 TABDLY TCIFLUSH TCIOFF TCIOFLUSH
    TCION TCOFLUSH TCOOFF TCOON TCSADRAIN TCSAFLUSH TCSANOW TOSTOP VDISCARD VEOF VEOL VEOL2
    VERASE VINTR VKILL VLNEXT VMIN VQUIT VREPRINT VSTART VSTOP VSUSP VSWTC VT0 VT1 VTDLY VTIME
    VWERASE XTABS _POSIX_VDISABLE
};

/// What the `libc` crate leaves out.
static OTHERS: &[(&str, i64)] = &[
    ("CDSUSP", 25),
    ("CEOF", 4),
    ("CEOL", 0),
    ("CEOT", 4),
    ("CERASE", 127),
    ("CFLUSH", 15),
    ("CINTR", 3),
    ("CKILL", 21),
    ("CLNEXT", 22),
    ("CQUIT", 28),
    ("CRPRNT", 18),
    ("CSTART", 17),
    ("CSTOP", 19),
    ("CSUSP", 26),
    ("CWERASE", 23),
    ("FIOASYNC", 21586),
    ("FIOCLEX", 21585),
    ("FIONBIO", 21537),
    ("FIONCLEX", 21584),
    ("FIONREAD", 21531),
    ("IBSHIFT", 16),
    ("IOCSIZE_MASK", 1073676288),
    ("IOCSIZE_SHIFT", 16),
    ("IUCLC", 512),
    ("N_MOUSE", 2),
    ("N_PPP", 3),
    ("N_SLIP", 1),
    ("N_STRIP", 4),
    ("N_TTY", 0),
    ("TCFLSH", 21515),
    ("TCGETS", 21505),
    ("TCSBRK", 21513),
    ("TCSBRKP", 21541),
    ("TCSETS", 21506),
    ("TCSETSF", 21508),
    ("TCSETSW", 21507),
    ("TCXONC", 21514),
    ("TIOCCONS", 21533),
    ("TIOCEXCL", 21516),
    ("TIOCGETD", 21540),
    ("TIOCGICOUNT", 21597),
    ("TIOCGLCKTRMIOS", 21590),
    ("TIOCGPGRP", 21519),
    ("TIOCGSERIAL", 21534),
    ("TIOCGSOFTCAR", 21529),
    ("TIOCGWINSZ", 21523),
    ("TIOCINQ", 21531),
    ("TIOCLINUX", 21532),
    ("TIOCMBIC", 21527),
    ("TIOCMBIS", 21526),
    ("TIOCMGET", 21525),
    ("TIOCMIWAIT", 21596),
    ("TIOCMSET", 21528),
    ("TIOCM_CAR", 64),
    ("TIOCM_CD", 64),
    ("TIOCM_CTS", 32),
    ("TIOCM_DSR", 256),
    ("TIOCM_DTR", 2),
    ("TIOCM_LE", 1),
    ("TIOCM_RI", 128),
    ("TIOCM_RNG", 128),
    ("TIOCM_RTS", 4),
    ("TIOCM_SR", 16),
    ("TIOCM_ST", 8),
    ("TIOCNOTTY", 21538),
    ("TIOCNXCL", 21517),
    ("TIOCOUTQ", 21521),
    ("TIOCPKT", 21536),
    ("TIOCPKT_DATA", 0),
    ("TIOCPKT_DOSTOP", 32),
    ("TIOCPKT_FLUSHREAD", 1),
    ("TIOCPKT_FLUSHWRITE", 2),
    ("TIOCPKT_NOSTOP", 16),
    ("TIOCPKT_START", 8),
    ("TIOCPKT_STOP", 4),
    ("TIOCSCTTY", 21518),
    ("TIOCSERCONFIG", 21587),
    ("TIOCSERGETLSR", 21593),
    ("TIOCSERGETMULTI", 21594),
    ("TIOCSERGSTRUCT", 21592),
    ("TIOCSERGWILD", 21588),
    ("TIOCSERSETMULTI", 21595),
    ("TIOCSERSWILD", 21589),
    ("TIOCSER_TEMT", 1),
    ("TIOCSETD", 21539),
    ("TIOCSLCKTRMIOS", 21591),
    ("TIOCSPGRP", 21520),
    ("TIOCSSERIAL", 21535),
    ("TIOCSSOFTCAR", 21530),
    ("TIOCSTI", 21522),
    ("TIOCSWINSZ", 21524),
    ("VSWTCH", 7),
    ("XCASE", 4),
];

/// Speeds in bits per second, as Python has them, and as the system numbers them.
static SPEEDS: &[(&str, i64, libc::speed_t)] = &[
    ("B0", 0, libc::B0),
    ("B1000000", 1000000, libc::B1000000),
    ("B110", 110, libc::B110),
    ("B115200", 115200, libc::B115200),
    ("B1152000", 1152000, libc::B1152000),
    ("B1200", 1200, libc::B1200),
    ("B134", 134, libc::B134),
    ("B14400", 14400, 14400),
    ("B150", 150, libc::B150),
    ("B1500000", 1500000, libc::B1500000),
    ("B1800", 1800, libc::B1800),
    ("B19200", 19200, libc::B19200),
    ("B200", 200, libc::B200),
    ("B2000000", 2000000, libc::B2000000),
    ("B230400", 230400, libc::B230400),
    ("B2400", 2400, libc::B2400),
    ("B2500000", 2500000, libc::B2500000),
    ("B28800", 28800, 28800),
    ("B300", 300, libc::B300),
    ("B3000000", 3000000, libc::B3000000),
    ("B3500000", 3500000, libc::B3500000),
    ("B38400", 38400, libc::B38400),
    ("B4000000", 4000000, libc::B4000000),
    ("B460800", 460800, libc::B460800),
    ("B4800", 4800, libc::B4800),
    ("B50", 50, libc::B50),
    ("B500000", 500000, libc::B500000),
    ("B57600", 57600, libc::B57600),
    ("B576000", 576000, libc::B576000),
    ("B600", 600, libc::B600),
    ("B7200", 7200, 7200),
    ("B75", 75, libc::B75),
    ("B76800", 76800, 76800),
    ("B921600", 921600, libc::B921600),
    ("B9600", 9600, libc::B9600),
    ("EXTA", 19200, libc::EXTA),
    ("EXTB", 38400, libc::EXTB),
];

static ERROR: ExceptionClass = ExceptionClass::new("termios", "error", exceptions::exception);

/// This module provides an interface to the Posix calls for tty I/O control.
/// For a complete description of these calls, see the Posix or Unix manual
/// pages. It is only available for those Unix versions that support Posix
/// termios style tty I/O control.
///
/// All functions in this module take a file descriptor fd as their first
/// argument. This can be an integer file descriptor, such as returned by
/// sys.stdin.fileno(), or a file object, such as sys.stdin itself.
#[pymodule(
    name = "termios",
    functions(
        tcgetattr,
        tcsetattr,
        tcsendbreak,
        tcdrain,
        tcflush,
        tcflow,
        tcgetwinsize,
        tcsetwinsize
    )
)]
fn initialize(cx: &Context, this: &Ref<Module>) -> PyResult<()> {
    module::add(cx, this, "error", ERROR.get(cx)?.to_value())?;
    for (name, value) in FROM_LIBC.iter().chain(OTHERS) {
        module::add(cx, this, name, *value)?;
    }
    for (name, value, _) in SPEEDS {
        module::add(cx, this, name, *value)?;
    }
    Ok(())
}

/// A terminal: a number, or something with `fileno()`.
struct Terminal(RawFd);

impl<'a> FromArgument<'a> for Terminal {
    fn from_argument(cx: &Context, value: &'a Value, _: &Place) -> PyResult<Self> {
        descriptor::argument(cx, value).map(Terminal)
    }
}

fn outcome(answer: i32) -> SystemResult<()> {
    if answer == -1 {
        Err(Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::INVAL))
    } else {
        Ok(())
    }
}

/// `termios.error` for what the system says.
fn checked<T>(cx: &Context, result: SystemResult<T>) -> PyResult<T> {
    result.map_err(|error| {
        let number = error.raw_os_error();
        let arguments = || -> PyResult<_> {
            let text = error_text(number).into_value(cx)?;
            Ok((ERROR.get(cx)?, [number.into_value(cx)?, text]))
        };
        match arguments() {
            Ok((class, arguments)) => cx.raise_with(class, &arguments),
            Err(raised) => raised,
        }
    })
}

/// Makes a call about a terminal, which may block.
fn call(cx: &Context, call: impl FnMut() -> SystemResult<()>) -> PyResult<()> {
    let answer = blocking::retry(cx, call)?;
    checked(cx, answer)
}

fn attributes(cx: &Context, fd: RawFd) -> PyResult<libc::termios> {
    // SAFETY: all fields are numbers.
    let mut mode: libc::termios = unsafe { std::mem::zeroed() };
    // SAFETY: the mode is a local.
    call(cx, || outcome(unsafe { libc::tcgetattr(fd, &mut mode) }))?;
    Ok(mode)
}

/// A speed as Python has it.
fn speed_value(cx: &Context, speed: libc::speed_t) -> PyResult<Value> {
    let known = SPEEDS.iter().find(|(_, _, number)| *number == speed);
    known
        .map_or(speed.into(), |(_, bits, _)| *bits)
        .into_value(cx)
}

/// A speed as the system numbers it.
fn speed_number(bits: i64) -> libc::speed_t {
    let known = SPEEDS.iter().find(|(_, known, _)| *known == bits);
    known.map_or(bits as libc::speed_t, |(_, _, number)| *number)
}

/// Get the tty attributes for file descriptor fd.
///
/// Returns a list [iflag, oflag, cflag, lflag, ispeed, ospeed, cc]
/// where cc is a list of the tty special characters (each a string of
/// length 1, except the items with indices VMIN and VTIME, which are
/// integers when these fields are defined).  The interpretation of the
/// flags and the speeds as well as the indexing in the cc array must be
/// done using the symbolic constants defined in this module.
#[pyfunction("tcgetattr(fd, /)")]
fn tcgetattr(cx: &Context, fd: Terminal) -> PyResult<Ref<List>> {
    let mode = attributes(cx, fd.0)?;
    let mut characters = Vec::with_capacity(mode.c_cc.len());
    for (index, character) in mode.c_cc.iter().enumerate() {
        let counts =
            mode.c_lflag & libc::ICANON == 0 && (index == libc::VMIN || index == libc::VTIME);
        characters.push(if counts {
            character.into_value(cx)?
        } else {
            Bytes::from_slice(cx, &[*character])?.into_value()
        });
    }
    // SAFETY: the mode is a local.
    let (input, output) = unsafe { (libc::cfgetispeed(&mode), libc::cfgetospeed(&mode)) };
    let items = vec![
        mode.c_iflag.into_value(cx)?,
        mode.c_oflag.into_value(cx)?,
        mode.c_cflag.into_value(cx)?,
        mode.c_lflag.into_value(cx)?,
        speed_value(cx, input)?,
        speed_value(cx, output)?,
        List::from_values(cx, characters)?.into_value(),
    ];
    List::from_values(cx, items)
}

fn number<'a, T: FromArgument<'a>>(cx: &Context, value: &'a Value) -> PyResult<T> {
    const PLACE: Place = Place {
        function: "tcsetattr",
        position: 3,
        name: "attributes",
        by_name: false,
    };
    T::from_argument(cx, value, &PLACE)
}

/// Set the tty attributes for file descriptor fd.
///
/// The attributes to be set are taken from the attributes argument, which
/// is a list like the one returned by tcgetattr(). The when argument
/// determines when the attributes are changed: termios.TCSANOW to
/// change immediately, termios.TCSADRAIN to change after transmitting all
/// queued output, or termios.TCSAFLUSH to change after transmitting all
/// queued output and discarding all queued input.
#[pyfunction("tcsetattr(fd, when, attributes, /)")]
fn tcsetattr(cx: &Context, fd: Terminal, when: i32, attributes_list: &Value) -> PyResult<()> {
    let items = attributes_list.downcast::<List>().map(|list| list.to_vec());
    let Some(
        [
            input,
            output,
            control,
            local,
            input_speed,
            output_speed,
            characters,
        ],
    ) = items.as_deref()
    else {
        return Err(cx.type_error("tcsetattr, arg 3: must be 7 element list"));
    };
    // What the list does not say stays as it is.
    let mut mode = attributes(cx, fd.0)?;
    mode.c_iflag = number(cx, input)?;
    mode.c_oflag = number(cx, output)?;
    mode.c_cflag = number(cx, control)?;
    mode.c_lflag = number(cx, local)?;
    let speeds = [
        number::<i64>(cx, input_speed)?,
        number::<i64>(cx, output_speed)?,
    ];
    let characters = characters.downcast::<List>().map(|list| list.to_vec());
    let Some(characters) = characters.filter(|list| list.len() == mode.c_cc.len()) else {
        let wanted = mode.c_cc.len();
        return Err(cx.type_error(format!(
            "tcsetattr: attributes[6] must be {wanted} element list"
        )));
    };
    for (place, character) in mode.c_cc.iter_mut().zip(&characters) {
        *place = match character.downcast::<Bytes>() {
            Some(bytes) if bytes.len() == 1 => bytes.as_slice()[0],
            None if int::is_int(character) => number(cx, character)?,
            _ => {
                return Err(cx.type_error(
                    "tcsetattr: elements of attributes must be characters or integers",
                ));
            }
        };
    }
    checked(
        cx,
        // SAFETY: the mode is a local.
        outcome(unsafe { libc::cfsetispeed(&mut mode, speed_number(speeds[0])) }),
    )?;
    checked(
        cx,
        // SAFETY: as above.
        outcome(unsafe { libc::cfsetospeed(&mut mode, speed_number(speeds[1])) }),
    )?;
    call(cx, || {
        // SAFETY: as above.
        outcome(unsafe { libc::tcsetattr(fd.0, when, &mode) })
    })
}

/// Send a break on file descriptor fd.
///
/// A zero duration sends a break for 0.25-0.5 seconds; a nonzero duration
/// has a system dependent meaning.
#[pyfunction("tcsendbreak(fd, duration, /)")]
fn tcsendbreak(cx: &Context, fd: Terminal, duration: i32) -> PyResult<()> {
    // SAFETY: the call takes numbers.
    call(cx, || outcome(unsafe { libc::tcsendbreak(fd.0, duration) }))
}

/// Wait until all output written to file descriptor fd has been transmitted.
#[pyfunction("tcdrain(fd, /)")]
fn tcdrain(cx: &Context, fd: Terminal) -> PyResult<()> {
    // SAFETY: the call takes a number.
    call(cx, || outcome(unsafe { libc::tcdrain(fd.0) }))
}

/// Discard queued data on file descriptor fd.
///
/// The queue selector specifies which queue: termios.TCIFLUSH for the input
/// queue, termios.TCOFLUSH for the output queue, or termios.TCIOFLUSH for
/// both queues.
#[pyfunction("tcflush(fd, queue, /)")]
fn tcflush(cx: &Context, fd: Terminal, queue: i32) -> PyResult<()> {
    // SAFETY: the call takes numbers.
    call(cx, || outcome(unsafe { libc::tcflush(fd.0, queue) }))
}

/// Suspend or resume input or output on file descriptor fd.
///
/// The action argument can be termios.TCOOFF to suspend output,
/// termios.TCOON to restart output, termios.TCIOFF to suspend input,
/// or termios.TCION to restart input.
#[pyfunction("tcflow(fd, action, /)")]
fn tcflow(cx: &Context, fd: Terminal, action: i32) -> PyResult<()> {
    // SAFETY: the call takes numbers.
    call(cx, || outcome(unsafe { libc::tcflow(fd.0, action) }))
}

fn window(cx: &Context, fd: RawFd) -> PyResult<libc::winsize> {
    // SAFETY: all fields are numbers.
    let mut size: libc::winsize = unsafe { std::mem::zeroed() };
    call(cx, || {
        // SAFETY: the request fills in a local.
        outcome(unsafe { libc::ioctl(fd, libc::TIOCGWINSZ, &mut size) })
    })?;
    Ok(size)
}

/// Get the tty winsize for file descriptor fd.
///
/// Returns a tuple (ws_row, ws_col).
#[pyfunction("tcgetwinsize(fd, /)")]
fn tcgetwinsize(cx: &Context, fd: Terminal) -> PyResult<Ref<Tuple>> {
    let size = window(cx, fd.0)?;
    Tuple::from_vec(
        cx,
        vec![size.ws_row.into_value(cx)?, size.ws_col.into_value(cx)?],
    )
}

/// Set the tty winsize for file descriptor fd.
///
/// The winsize to be set is taken from the winsize argument, which
/// is a two-item tuple (ws_row, ws_col) like the one returned by
/// tcgetwinsize().
#[pyfunction("tcsetwinsize(fd, winsize, /)")]
fn tcsetwinsize(cx: &Context, fd: Terminal, winsize: &Value) -> PyResult<()> {
    let items = match winsize.downcast::<Tuple>().is_some() || winsize.downcast::<List>().is_some()
    {
        true => iterate::collect(cx, winsize)?,
        false => Vec::new(),
    };
    let [rows, columns] = items.as_slice() else {
        return Err(cx.type_error("tcsetwinsize, arg 2: must be a two-item sequence"));
    };
    let side = |value: &Value| -> PyResult<u16> {
        u16::try_from(int::index_as_i128(cx, value)?)
            .map_err(|_| cx.overflow_error("winsize value(s) out of range."))
    };
    let (rows, columns) = (side(rows)?, side(columns)?);
    // The size in pixels stays as it is.
    let mut size = window(cx, fd.0)?;
    size.ws_row = rows;
    size.ws_col = columns;
    call(cx, || {
        // SAFETY: the request reads a local.
        outcome(unsafe { libc::ioctl(fd.0, libc::TIOCSWINSZ, &size) })
    })
}
