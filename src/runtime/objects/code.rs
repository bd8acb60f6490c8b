//! `code`: what a function runs. The compiler's plain data, with its constants and names made objects
//! (which take their place: see `constants`), and the words that change while it runs: instructions
//! (specialization) and inline caches.
//!
//! Shared by all threads. An instruction is one atomic word, so a thread that reads one sees it whole;
//! a cache is one atomic word that tells by itself what it is valid for (see `vm::cache`).

use std::sync::atomic::AtomicU32;
use std::sync::{Arc, OnceLock};

use typhon_compiler::code::{Code as CompiledCode, CodeFlags, LocalKind};
use typhon_compiler::constant::Constant;
use typhon_compiler::opcode::Opcode;
use typhon_compiler::wordcode::{self, Wordcode};
use typhon_macros::{pyclass, pymethods};

use crate::context::Context;
use crate::error::PyResult;
use crate::field::Field;
use crate::object::{self, Ref, Traverse};
use crate::objects::bytes::Bytes;
use crate::objects::code_replace;
use crate::objects::constants;
use crate::objects::int;
use crate::objects::str_::{Name, Str};
use crate::objects::tuple::Tuple;
use crate::slots::Comparison;
use crate::value::Value;
use crate::vm::cache::{self, InlineCache};
use crate::vm::combined;
use crate::vm::monitoring;
use crate::vm::monitoring::instrument::{self, CodeMonitoring};
use crate::warnings;

/// The payload of `code`.
#[pyclass(name = "code", module = "builtins", flags(HAS_WEAKREF))]
pub struct Code {
    /// What the compiler made, without the constants and names: see [`Code::to_compiled`].
    pub compiled: CompiledCode,
    /// The instructions as they run: combined (`vm/combined.rs`), or marked for events.
    pub instructions: Box<[AtomicU32]>,
    /// Inline caches, by the index in the unit behind an instruction.
    pub caches: Box<[InlineCache]>,
    pub constants: Box<[Value]>,
    pub names: Box<[Name]>,
    pub local_names: Box<[Name]>,
    pub name: Ref<Str>,
    pub qualname: Ref<Str>,
    filename: Field,
    pub flags: CodeFlags,
    /// Positional parameters.
    pub arg_count: u32,
    pub keyword_only_count: u32,
    /// Variables of all kinds.
    pub local_count: u32,
    /// The first free variable among them.
    pub first_free: u32,
    /// Variables and operand stack.
    pub frame_words: u32,
    /// The code as Python shows it, once somebody looks.
    wordcode: OnceLock<Box<Wordcode>>,
    /// What `sys.monitoring` and trace functions need of the code, once they need it.
    pub(crate) monitoring: OnceLock<Box<CodeMonitoring>>,
    /// Called with as many positional arguments as it has parameters, it needs no binding: no
    /// keyword-only parameters, no `*args`, no `**kwargs`.
    pub is_simple: bool,
}

impl Traverse for Code {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.constants.iter().for_each(&mut *visit);
        visit(self.name.as_value());
        visit(self.qualname.as_value());
        self.filename.traverse(visit);
        for cache in &self.caches {
            cache::traverse(cache, visit);
        }
    }
}

impl Code {
    /// The object for compiled code; nested code objects are made too.
    ///
    /// # Errors
    /// MemoryError.
    pub fn from_compiled(cx: &Context, compiled: Arc<CompiledCode>) -> PyResult<Ref<Code>> {
        let filename = Name::intern(cx, &compiled.filename)?;
        Code::with_filename(cx, Arc::unwrap_or_clone(compiled), &filename)
    }

    fn with_filename(
        cx: &Context,
        mut compiled: CompiledCode,
        filename: &Ref<Str>,
    ) -> PyResult<Ref<Code>> {
        let constants: PyResult<Box<[Value]>> = std::mem::take(&mut compiled.constants)
            .into_iter()
            .map(|constant| match constant {
                Constant::Code(code) => {
                    Code::with_filename(cx, Arc::unwrap_or_clone(code), filename)
                        .map(Ref::into_value)
                }
                other => constants::to_value(cx, &other),
            })
            .collect();
        Code::with_constants(cx, compiled, filename, constants?)
    }

    /// The object for compiled code whose constants are given, whatever the compiler's are.
    pub(super) fn with_constants(
        cx: &Context,
        mut compiled: CompiledCode,
        filename: &Ref<Str>,
        constants: Box<[Value]>,
    ) -> PyResult<Ref<Code>> {
        let names: PyResult<Box<[Name]>> = std::mem::take(&mut compiled.names)
            .iter()
            .map(|name| Name::intern(cx, name))
            .collect();
        let local_names: PyResult<Box<[Name]>> = compiled
            .locals
            .iter_mut()
            .map(|local| Name::intern(cx, &std::mem::take(&mut local.name)))
            .collect();
        let flags = compiled.flags;
        let local_count = compiled.locals.len() as u32;
        let free = compiled
            .locals
            .iter()
            .filter(|local| local.kind.contains(LocalKind::FREE))
            .count() as u32;
        let varargs = CodeFlags::VARARGS | CodeFlags::VARKEYWORDS;
        let name = Name::intern(cx, &std::mem::take(&mut compiled.name))?;
        let qualname = Name::intern(cx, &std::mem::take(&mut compiled.qualname))?;
        let code = object::new(
            cx,
            Code {
                instructions: combined::combine(&compiled),
                caches: (0..compiled.cache_count)
                    .map(|_| InlineCache::new())
                    .collect(),
                constants,
                names: names?,
                local_names: local_names?,
                name: name.clone_ref(),
                qualname: qualname.clone_ref(),
                filename: Field::new(filename.to_value()),
                flags,
                arg_count: compiled.arg_count,
                keyword_only_count: compiled.keyword_only_count,
                local_count,
                first_free: local_count - free,
                frame_words: local_count + compiled.stack_size,
                is_simple: compiled.keyword_only_count == 0 && !flags.intersects(varargs),
                wordcode: OnceLock::new(),
                monitoring: OnceLock::new(),
                compiled,
            },
        )?;
        if monitoring::wanted() != 0 {
            instrument::mark(&code);
        }
        Ok(code)
    }

    /// What the compiler made, with the names that the object has, without constants.
    pub(super) fn with_names(&self) -> CompiledCode {
        let text = |name: &Name| Box::<str>::from(name.to_lossy());
        let mut compiled = self.compiled.clone();
        compiled.name = self.name.to_lossy().into();
        compiled.qualname = self.qualname.to_lossy().into();
        compiled.filename = self.filename().to_lossy().into();
        compiled.names = self.names.iter().map(text).collect();
        for (local, name) in compiled.locals.iter_mut().zip(&self.local_names) {
            local.name = text(name);
        }
        compiled
    }

    /// What the compiler made, whole.
    ///
    /// # Errors
    /// ValueError when the object was given constants that a compiler does not make.
    pub fn to_compiled(&self, cx: &Context) -> PyResult<CompiledCode> {
        let mut compiled = self.with_names();
        let constants: PyResult<_> = self
            .constants
            .iter()
            .map(|value| constants::from_value(cx, value))
            .collect();
        compiled.constants = constants?;
        Ok(compiled)
    }

    /// `co_filename`.
    pub fn filename(&self) -> Ref<Str> {
        self.filename.get_as().unwrap_or_else(Str::empty)
    }

    /// Changes `co_filename`, here and in nested code: cached code was moved with its source.
    pub fn set_filename(&self, path: &Ref<Str>) {
        self.filename.set(Some(path.to_value()));
        for constant in &self.constants {
            if let Some(code) = constant.downcast_exact::<Code>() {
                code.set_filename(path);
            }
        }
    }

    /// Whether calling the code makes a generator, coroutine or asynchronous generator.
    #[inline]
    pub fn is_generator_like(&self) -> bool {
        self.flags.intersects(
            CodeFlags::GENERATOR
                .union(CodeFlags::COROUTINE)
                .union(CodeFlags::ASYNC_GENERATOR)
                .union(CodeFlags::ITERABLE_COROUTINE),
        )
    }

    /// Parameters of all kinds: the first variables.
    pub fn parameter_count(&self) -> usize {
        self.compiled.argument_slots() as usize
    }

    /// The kind of variable `index`.
    pub fn local_kind(&self, index: usize) -> LocalKind {
        self.compiled.locals[index].kind
    }

    /// The line of the instruction at `unit`.
    pub fn line_of(&self, unit: usize) -> Option<u32> {
        if let Some(data) = self.monitoring.get() {
            return data.line_at(unit);
        }
        self.compiled
            .location(unit as u32)
            .map(|location| location.line)
    }

    /// The instruction unit at `index`, as the compiler made it.
    pub fn unit(&self, index: usize) -> u32 {
        self.compiled.instructions[index]
    }

    /// The offset that Python sees of the unit at `index`.
    pub fn offset_of(&self, index: usize) -> usize {
        self.wordcode().offset_of(index)
    }

    /// The code as Python shows it.
    pub fn wordcode(&self) -> &Wordcode {
        self.wordcode
            .get_or_init(|| Box::new(Wordcode::of(&self.compiled)))
    }
}

fn same_names(some: &[Name], others: &[Name]) -> bool {
    some.len() == others.len() && some.iter().zip(others).all(|(name, other)| name.is(other))
}

#[pymethods]
impl Code {
    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<Code>) -> PyResult<Value> {
        let text = format!(
            "<code object {} at {:#x}, file \"{}\", line {}>",
            *this.name,
            this.as_value().bits(),
            this.filename(),
            this.compiled.first_line
        );
        Str::from_str(cx, &text).map(Ref::into_value)
    }

    #[slot(hash)]
    fn hash(_cx: &Context, this: &Ref<Code>) -> PyResult<i64> {
        let hash = this.name.hash()
            ^ i64::from(this.arg_count)
            ^ i64::from(this.compiled.first_line) << 8
            ^ i64::from(this.compiled.positional_only_count) << 40
            ^ i64::from(this.keyword_only_count) << 48;
        Ok(if hash == -1 { -2 } else { hash })
    }

    #[slot(compare)]
    fn compare(
        cx: &Context,
        this: &Ref<Code>,
        other: &Value,
        comparison: Comparison,
    ) -> PyResult<Value> {
        let Some(other) = other.downcast::<Code>() else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        if !matches!(comparison, Comparison::Equal | Comparison::NotEqual) {
            return Ok(Value::NOT_IMPLEMENTED);
        }
        let same_shape = this.name.equals_str(&other.name)
            && this.arg_count == other.arg_count
            && this.compiled.positional_only_count == other.compiled.positional_only_count
            && this.keyword_only_count == other.keyword_only_count
            && this.flags == other.flags
            && this.compiled.first_line == other.compiled.first_line
            && this.compiled.instructions == other.compiled.instructions
            && this.compiled.locals == other.compiled.locals
            && same_names(&this.local_names, &other.local_names)
            && same_names(&this.names, &other.names)
            && this.constants.len() == other.constants.len();
        let mut same = same_shape;
        for (own, others) in this.constants.iter().zip(&other.constants) {
            same = same
                && own.class().is(others.class())
                && crate::protocols::compare::identical_or_equal(cx, own, others)?;
        }
        Ok(Value::from_bool(same == (comparison == Comparison::Equal)))
    }

    #[member]
    fn co_name(_cx: &Context, this: &Ref<Code>) -> PyResult<Value> {
        Ok(this.name.to_value())
    }

    #[member]
    fn co_qualname(_cx: &Context, this: &Ref<Code>) -> PyResult<Value> {
        Ok(this.qualname.to_value())
    }

    #[member]
    fn co_filename(_cx: &Context, this: &Ref<Code>) -> PyResult<Value> {
        Ok(this.filename().into_value())
    }

    #[member]
    fn co_firstlineno(_cx: &Context, this: &Ref<Code>) -> PyResult<u32> {
        Ok(this.compiled.first_line)
    }

    #[member]
    fn co_flags(_cx: &Context, this: &Ref<Code>) -> PyResult<u32> {
        Ok(this.flags.bits())
    }

    #[member]
    fn co_argcount(_cx: &Context, this: &Ref<Code>) -> PyResult<u32> {
        Ok(this.arg_count)
    }

    #[member]
    fn co_posonlyargcount(_cx: &Context, this: &Ref<Code>) -> PyResult<u32> {
        Ok(this.compiled.positional_only_count)
    }

    #[member]
    fn co_kwonlyargcount(_cx: &Context, this: &Ref<Code>) -> PyResult<u32> {
        Ok(this.keyword_only_count)
    }

    #[getter]
    fn co_nlocals(_cx: &Context, this: &Ref<Code>) -> PyResult<usize> {
        Ok(this.names_of(LocalKind::LOCAL).count())
    }

    #[member]
    fn co_stacksize(_cx: &Context, this: &Ref<Code>) -> PyResult<u32> {
        Ok(this.compiled.stack_size)
    }

    #[member]
    fn co_consts(cx: &Context, this: &Ref<Code>) -> PyResult<Ref<Tuple>> {
        Tuple::from_values(cx, &this.constants)
    }

    #[member]
    fn co_names(cx: &Context, this: &Ref<Code>) -> PyResult<Ref<Tuple>> {
        Tuple::from_vec(cx, this.names.iter().map(|name| name.to_value()).collect())
    }

    #[getter]
    fn co_varnames(cx: &Context, this: &Ref<Code>) -> PyResult<Ref<Tuple>> {
        Tuple::from_vec(cx, this.names_of(LocalKind::LOCAL).collect())
    }

    #[getter]
    fn co_cellvars(cx: &Context, this: &Ref<Code>) -> PyResult<Ref<Tuple>> {
        Tuple::from_vec(cx, this.names_of(LocalKind::CELL).collect())
    }

    #[getter]
    fn co_freevars(cx: &Context, this: &Ref<Code>) -> PyResult<Ref<Tuple>> {
        Tuple::from_vec(cx, this.names_of(LocalKind::FREE).collect())
    }

    #[getter]
    fn co_code(cx: &Context, this: &Ref<Code>) -> PyResult<Ref<Bytes>> {
        Bytes::from_slice(cx, &this.wordcode().bytes)
    }

    #[getter]
    fn _co_code_adaptive(cx: &Context, this: &Ref<Code>) -> PyResult<Ref<Bytes>> {
        Bytes::from_slice(cx, &this.wordcode().bytes)
    }

    #[getter]
    fn co_linetable(cx: &Context, this: &Ref<Code>) -> PyResult<Ref<Bytes>> {
        Bytes::from_slice(cx, &this.wordcode().line_table)
    }

    #[getter]
    fn co_exceptiontable(cx: &Context, this: &Ref<Code>) -> PyResult<Ref<Bytes>> {
        Bytes::from_slice(cx, &this.wordcode().exception_table)
    }

    /// Return the local variable name for the given oparg.
    ///
    /// WARNING: this method is for internal use only and may change or go away.
    #[method("_varname_from_oparg(self, /, oparg)")]
    fn varname_from_oparg(cx: &Context, this: &Ref<Code>, oparg: i64) -> PyResult<Value> {
        match usize::try_from(oparg)
            .ok()
            .and_then(|index| this.local_names.get(index))
        {
            Some(name) => Ok(name.to_value()),
            None => Err(cx.index_error("tuple index out of range")),
        }
    }

    /// Return a copy of the code object with new values for the specified fields.
    #[method("replace(self, /, **changes)")]
    fn replace(cx: &Context, this: &Ref<Code>, changes: Vec<(&Value, &Value)>) -> PyResult<Value> {
        code_replace::replace(cx, this, &changes)
    }

    /// The same as replace().
    #[method("__replace__(self, /, **changes)")]
    fn dunder_replace(
        cx: &Context,
        this: &Ref<Code>,
        changes: Vec<(&Value, &Value)>,
    ) -> PyResult<Value> {
        code_replace::replace(cx, this, &changes)
    }

    /// Lines of the instructions, as (start, end, line).
    #[method("co_lines(self, /)")]
    fn co_lines(cx: &Context, this: &Ref<Code>) -> PyResult<Value> {
        let wordcode = this.wordcode();
        let count = this.compiled.instructions.len();
        let lines = this
            .compiled
            .positions()
            .map(|location| location.map(|location| location.line));
        let mut ranges: Vec<(usize, usize, Option<u32>)> = Vec::new();
        for (unit, line) in lines.enumerate().take(count) {
            match ranges.last_mut() {
                Some(last) if last.2 == line => last.1 = unit + 1,
                _ => ranges.push((unit, unit + 1, line)),
            }
        }
        let mut items = Vec::with_capacity(ranges.len());
        for (start, end, line) in ranges {
            let line = crate::vm::unwind::line_value(cx, line)?;
            let entry = [
                int::from_i64(cx, wordcode.start_of(start) as i64)?,
                int::from_i64(cx, wordcode.start_of(end) as i64)?,
                line,
            ];
            items.push(Tuple::from_values(cx, &entry)?.into_value());
        }
        let items = Tuple::from_vec(cx, items)?;
        crate::protocols::iterate::iter(cx, items.as_value())
    }

    #[getter]
    fn co_lnotab(cx: &Context, this: &Ref<Code>) -> PyResult<Ref<Bytes>> {
        warnings::warn_deprecated(cx, "co_lnotab is deprecated, use co_lines instead.")?;
        let wordcode = this.wordcode();
        let (mut offset, mut line) = (0, this.compiled.first_line);
        let mut table = Vec::new();
        for (unit, location) in this.compiled.positions().enumerate() {
            let Some(location) = location.filter(|location| location.line != line) else {
                continue;
            };
            let start = wordcode.start_of(unit);
            let mut words = start - offset;
            let mut lines = i64::from(location.line) - i64::from(line);
            // A pair says at most 255 bytes, and -128 to 127 lines.
            while words > 255 {
                table.extend([255, 0]);
                words -= 255;
            }
            while !(-128..=127).contains(&lines) {
                let step = lines.clamp(-128, 127);
                table.extend([words as u8, step as i8 as u8]);
                words = 0;
                lines -= step;
            }
            table.extend([words as u8, lines as i8 as u8]);
            (offset, line) = (start, location.line);
        }
        Bytes::from_slice(cx, &table)
    }

    /// Positions of the instructions, as (line, end_line, column, end_column).
    #[method("co_positions(self, /)")]
    fn co_positions(cx: &Context, this: &Ref<Code>) -> PyResult<Value> {
        let mut items = Vec::new();
        let locations: Vec<_> = this.compiled.positions().collect();
        let wordcode = this.wordcode();
        let instructions = this.compiled.decode();
        for (unit, opcode, _) in instructions {
            let unit = unit as usize;
            let entry = match locations.get(unit).copied().flatten() {
                Some(location) => {
                    let (column, end_column) = match location.columns {
                        Some((start, end)) => (
                            int::from_i64(cx, start.into())?,
                            int::from_i64(cx, end.into())?,
                        ),
                        None => (Value::NONE, Value::NONE),
                    };
                    [
                        int::from_i64(cx, location.line.into())?,
                        int::from_i64(cx, location.end_line.into())?,
                        column,
                        end_column,
                    ]
                }
                None => [Value::NONE, Value::NONE, Value::NONE, Value::NONE],
            };
            // One for each word, prefixes and caches included.
            let end = unit + 1 + usize::from(opcode.has_cache());
            let words = (wordcode.start_of(end) - wordcode.start_of(unit)) / 2;
            let entry = Tuple::from_values(cx, &entry)?.into_value();
            items.extend(std::iter::repeat_n(entry, words));
        }
        let items = Tuple::from_vec(cx, items)?;
        crate::protocols::iterate::iter(cx, items.as_value())
    }

    /// Branches, as (from, not taken, taken).
    #[method("co_branches(self, /)")]
    fn co_branches(cx: &Context, this: &Ref<Code>) -> PyResult<Value> {
        let mut items = Vec::new();
        for (unit, opcode, argument) in this.compiled.decode() {
            let is_branch = matches!(
                opcode,
                Opcode::POP_JUMP_IF_FALSE
                    | Opcode::POP_JUMP_IF_TRUE
                    | Opcode::POP_JUMP_IF_NONE
                    | Opcode::POP_JUMP_IF_NOT_NONE
                    | Opcode::FOR_ITER
            );
            let unit = unit as usize;
            let Some(target) = wordcode::jump_target(unit, opcode, argument).filter(|_| is_branch)
            else {
                continue;
            };
            // An exhausted loop goes on behind END_FOR and POP_ITER.
            let target = target + 2 * usize::from(opcode == Opcode::FOR_ITER);
            let following = unit + 1 + usize::from(opcode.has_cache());
            let mut entry = Vec::new();
            for place in [unit, following, target] {
                entry.push(int::from_i64(cx, this.offset_of(place) as i64)?);
            }
            items.push(Tuple::from_vec(cx, entry)?.into_value());
        }
        let items = Tuple::from_vec(cx, items)?;
        crate::protocols::iterate::iter(cx, items.as_value())
    }
}

impl Code {
    fn names_of(&self, kind: LocalKind) -> impl Iterator<Item = Value> + '_ {
        let parameters = LocalKind::ARG_POSITIONAL.union(LocalKind::ARG_KEYWORD);
        self.compiled
            .locals
            .iter()
            .zip(&self.local_names)
            .filter(move |(local, _)| {
                local.kind.contains(kind)
                    || kind == LocalKind::LOCAL && local.kind.intersects(parameters)
            })
            .map(|(_, name)| name.to_value())
    }
}
