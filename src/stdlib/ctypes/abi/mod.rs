//! Calls as the machine's C makes them: where arguments and results are, and the way there and back.
//!
//! [`call`] makes a call: it loads all registers that carry arguments from a [`Frame`], copies what goes on
//! the stack, and stores all registers that may carry results. Callbacks go the other way: C calls one of
//! [`THUNKS`] functions that are part of the program; all they do is to say which one it was. So no memory is
//! ever made executable.
//!
//! What differs between machines is in a file of each: `assign` and `result` (the classes of its calling
//! convention), and the assembly. Elsewhere there are no calls (`SUPPORTED`).

#[cfg(all(target_arch = "aarch64", not(target_vendor = "apple"), not(windows)))]
#[path = "aarch64.rs"]
mod machine;
#[cfg(all(target_arch = "x86_64", not(windows)))]
#[path = "x86_64.rs"]
mod machine;
#[cfg(not(all(
    any(
        target_arch = "x86_64",
        all(target_arch = "aarch64", not(target_vendor = "apple"))
    ),
    not(windows)
)))]
#[path = "other.rs"]
mod machine;

pub use machine::{SUPPORTED, call, thunk};

use super::argument::Passed;
use super::code::Machine;
use super::memory;

/// How many callbacks there can be at a time.
pub const THUNKS: usize = 4096;

/// What a value is, as far as passing it goes.
pub struct Shape<'a> {
    pub size: usize,
    pub alignment: usize,
    /// The numbers it is made of; `None`: it is passed in memory.
    pub words: Option<&'a [(usize, Machine)]>,
    /// A complex number.
    pub is_complex: bool,
}

/// Where a part of a value is.
#[cfg_attr(not(target_arch = "aarch64"), allow(dead_code))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Integer(usize),
    Vector(usize),
    /// So many bytes from the first argument on the stack.
    Stack(usize),
    /// Register of the x87 stack, for results.
    Extended(usize),
    /// The value is elsewhere, and this integer register has its address.
    ByRegister(usize),
    /// The same, on the stack.
    ByStack(usize),
}

/// A part of a value and where it is.
#[derive(Clone, Copy, Debug)]
pub struct Piece {
    /// Where it begins in the value.
    pub at: usize,
    pub size: usize,
    pub place: Place,
}

/// Where a result is.
pub enum ResultPlace {
    Registers(Vec<Piece>),
    /// In memory that the caller has.
    Memory,
}

/// How far arguments have used up what carries them.
#[derive(Default)]
pub struct Assigned {
    integers: usize,
    vectors: usize,
    stack: usize,
}

impl Assigned {
    #[cfg(target_arch = "aarch64")]
    /// The next free integer register, or the next word of the stack.
    fn integer_or_stack(&mut self) -> Place {
        if self.integers < machine::INTEGERS {
            self.integers += 1;
            Place::Integer(self.integers - 1)
        } else {
            Place::Stack(self.on_stack(8, 8))
        }
    }

    /// Room on the stack.
    fn on_stack(&mut self, size: usize, alignment: usize) -> usize {
        let start = self.stack.next_multiple_of(alignment.clamp(8, 16));
        self.stack = start + size.next_multiple_of(8);
        start
    }

    /// Where the next argument goes.
    pub fn assign(&mut self, shape: &Shape<'_>) -> Vec<Piece> {
        machine::assign(self, shape)
    }
}

/// The state of the registers at a call, and after it. The assembly knows it.
#[repr(C)]
pub struct Frame {
    integers: [u64; 8],
    vectors: [[u64; 2]; 8],
    /// Where a result in memory goes, for machines that have a register for it.
    indirect: u64,
    function: usize,
    stack: *const u64,
    stack_words: usize,
    /// Vector registers in use.
    vector_count: usize,
    integer_results: [u64; 2],
    vector_results: [[u64; 2]; 4],
    extended_results: [[u8; 16]; 2],
    /// How many of the results above there are.
    extended_count: usize,
}

impl Frame {
    fn new(function: usize) -> Frame {
        Frame {
            integers: [0; 8],
            vectors: [[0; 2]; 8],
            indirect: 0,
            function,
            stack: std::ptr::null(),
            stack_words: 0,
            vector_count: 0,
            integer_results: [0; 2],
            vector_results: [[0; 2]; 4],
            extended_results: [[0; 16]; 2],
            extended_count: 0,
        }
    }
}

/// A call that is ready to be made.
pub struct Call {
    frame: Frame,
    stack: Vec<u64>,
    /// Copies of arguments that are passed by their address, and the result that is in memory.
    copies: Vec<Vec<u64>>,
    assigned: Assigned,
    result: Vec<Piece>,
    result_size: usize,
    /// Which of `copies` is the result.
    result_copy: Option<usize>,
}

fn words_for(size: usize) -> Vec<u64> {
    vec![0; size.div_ceil(8).max(1)]
}

/// The first bytes of a number, extended to a register.
fn extended(machine: Machine, bytes: &[u8; 16]) -> u64 {
    let mut low = [0; 8];
    low.copy_from_slice(&bytes[..8]);
    let number = u64::from_le_bytes(low);
    match machine {
        Machine::Integer { size, signed } if size < 8 => {
            let unused = 64 - 8 * u32::from(size);
            if signed {
                ((number << unused) as i64 >> unused) as u64
            } else {
                number << unused >> unused
            }
        }
        _ => number,
    }
}

impl Call {
    /// A call of the function at an address, with a result of this shape.
    pub fn new(function: usize, result: Option<&Shape<'_>>) -> Call {
        let mut call = Call {
            frame: Frame::new(function),
            stack: Vec::new(),
            copies: Vec::new(),
            assigned: Assigned::default(),
            result: Vec::new(),
            result_size: 0,
            result_copy: None,
        };
        if let Some(shape) = result {
            call.result_size = shape.size;
            match machine::result(shape) {
                ResultPlace::Registers(pieces) => {
                    let extended = |piece: &&Piece| matches!(piece.place, Place::Extended(_));
                    call.frame.extended_count = pieces.iter().filter(extended).count();
                    call.result = pieces;
                }
                ResultPlace::Memory => call.return_in_memory(shape.size),
            }
        }
        call
    }

    fn return_in_memory(&mut self, size: usize) {
        let memory = words_for(size);
        let address = memory.as_ptr() as u64;
        self.result_copy = Some(self.copies.len());
        self.copies.push(memory);
        if machine::RESULT_ADDRESS_IS_ARGUMENT {
            self.frame.integers[0] = address;
            self.assigned.integers = 1;
        } else {
            self.frame.indirect = address;
        }
    }

    /// Adds an argument.
    pub fn add(&mut self, passed: &Passed) {
        match passed {
            Passed::Scalar(machine, bytes) => {
                let words = [(0, *machine)];
                let size = match machine {
                    Machine::Integer { size, .. } => usize::from(*size),
                    Machine::Single => 4,
                    Machine::Double => 8,
                    Machine::LongDouble => 16,
                };
                let shape = Shape {
                    size,
                    alignment: size,
                    words: Some(&words),
                    is_complex: false,
                };
                let mut bytes = *bytes;
                let number = extended(*machine, &bytes);
                bytes[..8].copy_from_slice(&number.to_le_bytes());
                for piece in self.assigned.assign(&shape) {
                    self.put(piece, &bytes[..size.max(8)]);
                }
            }
            Passed::Aggregate {
                bytes,
                alignment,
                words,
            } => {
                let shape = Shape {
                    size: bytes.len(),
                    alignment: *alignment,
                    words: words.known(),
                    is_complex: false,
                };
                for piece in self.assigned.assign(&shape) {
                    let part = &bytes[piece.at..bytes.len().min(piece.at + piece.size)];
                    self.put(piece, part);
                }
            }
        }
    }

    fn put(&mut self, piece: Piece, bytes: &[u8]) {
        let word = |at: usize| {
            let mut word = [0; 8];
            let rest = bytes.get(at..).unwrap_or_default();
            let count = rest.len().min(8);
            word[..count].copy_from_slice(&rest[..count]);
            u64::from_le_bytes(word)
        };
        match piece.place {
            Place::Integer(nth) => self.frame.integers[nth] = word(0),
            Place::Vector(nth) => self.frame.vectors[nth] = [word(0), word(8)],
            Place::Stack(at) => {
                let words = bytes.len().div_ceil(8);
                let end = at / 8 + words;
                if self.stack.len() < end {
                    self.stack.resize(end, 0);
                }
                for nth in 0..words {
                    self.stack[at / 8 + nth] = word(8 * nth);
                }
            }
            Place::ByRegister(_) | Place::ByStack(_) => {
                let copy: Vec<u64> = (0..bytes.len().div_ceil(8).max(1))
                    .map(|nth| word(8 * nth))
                    .collect();
                let address = copy.as_ptr() as u64;
                self.copies.push(copy);
                let place = match piece.place {
                    Place::ByRegister(nth) => Place::Integer(nth),
                    Place::ByStack(at) => Place::Stack(at),
                    other => other,
                };
                self.put(Piece { place, ..piece }, &address.to_le_bytes());
            }
            Place::Extended(_) => {}
        }
    }

    /// Bytes that the call needs on the stack.
    pub fn stack_size(&self) -> usize {
        8 * self.stack.len()
    }

    /// Makes the call.
    ///
    /// # Safety
    /// The function is one, and takes such arguments.
    pub unsafe fn make(&mut self) {
        self.frame.stack = self.stack.as_ptr();
        self.frame.stack_words = self.stack.len();
        self.frame.vector_count = self.assigned.vectors;
        // SAFETY: the caller's; the frame says where the arguments are.
        unsafe { call(&raw mut self.frame) };
    }

    /// The bytes of the result.
    pub fn result(&self) -> Vec<u8> {
        if let Some(copy) = self.result_copy {
            let words = &self.copies[copy];
            // SAFETY: the memory is as large; C has written to it.
            return unsafe { memory::copy_out(words.as_ptr().cast(), self.result_size) };
        }
        let mut bytes = vec![0; self.result_size];
        for piece in &self.result {
            let register = self.frame.result_register(piece.place);
            let count = piece.size.min(bytes.len() - piece.at);
            bytes[piece.at..][..count].copy_from_slice(&register[..count]);
        }
        bytes
    }
}

impl Frame {
    fn result_register(&self, place: Place) -> [u8; 16] {
        let mut bytes = [0; 16];
        let words = match place {
            Place::Integer(nth) => [self.integer_results[nth], 0],
            Place::Vector(nth) => self.vector_results[nth],
            Place::Extended(nth) => return self.extended_results[nth],
            _ => [0, 0],
        };
        bytes[..8].copy_from_slice(&words[0].to_le_bytes());
        bytes[8..].copy_from_slice(&words[1].to_le_bytes());
        bytes
    }

    /// For callbacks: the bytes of an argument.
    ///
    /// # Safety
    /// The frame is that of a call that waits for its end, with such an argument.
    pub unsafe fn argument(&self, pieces: &[Piece], size: usize) -> Vec<u8> {
        let mut bytes = vec![0; size];
        let stack = self.stack.cast::<u8>();
        for piece in pieces {
            let count = piece.size.min(size - piece.at);
            let part = &mut bytes[piece.at..piece.at + count];
            // SAFETY: the caller's.
            unsafe {
                match piece.place {
                    Place::Integer(nth) => {
                        part.copy_from_slice(&self.integers[nth].to_le_bytes()[..count]);
                    }
                    Place::Vector(nth) => {
                        memory::read_into((&raw const self.vectors[nth]).cast(), part);
                    }
                    Place::Stack(at) => memory::read_into(stack.add(at), part),
                    Place::ByRegister(nth) => {
                        memory::read_into(self.integers[nth] as *const u8, part);
                    }
                    Place::ByStack(at) => {
                        memory::read_into(memory::read_word(stack.add(at)) as *const u8, part);
                    }
                    Place::Extended(_) => {}
                }
            }
        }
        bytes
    }

    /// For callbacks: puts a result where C looks for it; zeros when there are no bytes.
    pub fn set_result(&mut self, shape: Option<&Shape<'_>>, bytes: &[u8]) {
        self.integer_results = [0; 2];
        self.vector_results = [[0; 2]; 4];
        self.extended_results = [[0; 16]; 2];
        self.extended_count = 0;
        let Some(shape) = shape else {
            return;
        };
        let ResultPlace::Registers(pieces) = machine::result(shape) else {
            return;
        };
        let single = match shape.words {
            Some([(0, machine)]) => Some(*machine),
            _ => None,
        };
        for piece in pieces {
            let mut register = [0; 16];
            let part = bytes.get(piece.at..).unwrap_or_default();
            let count = part.len().min(piece.size);
            register[..count].copy_from_slice(&part[..count]);
            if let Some(machine) = single {
                let number = extended(machine, &register);
                register[..8].copy_from_slice(&number.to_le_bytes());
            }
            let whole = u128::from_le_bytes(register);
            match piece.place {
                Place::Integer(nth) => self.integer_results[nth] = whole as u64,
                Place::Vector(nth) => {
                    self.vector_results[nth] = [whole as u64, (whole >> 64) as u64];
                }
                Place::Extended(nth) => {
                    self.extended_results[nth] = register;
                    self.extended_count += 1;
                }
                _ => {}
            }
        }
    }
}
