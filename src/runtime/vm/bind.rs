//! Arguments of a call become the callee's variables.
//!
//! The order of parameters among a code object's variables is: positional (positional-only first),
//! keyword-only, `*args`, `**kwargs`.

use typhon_compiler::code::CodeFlags;

use crate::args::{self, Args};
use crate::context::Context;
use crate::error::{PyResult, Raised};
use crate::object::Ref;
use crate::objects::code::Code;
use crate::objects::dict::Dict;
use crate::objects::function::Function;
use crate::objects::str_::{Name, Str};
use crate::objects::tuple::Tuple;
use crate::value::Value;
use crate::vm::frame::{self, Callee};
use crate::vm::interpreter;

/// Calls a Python function from native code.
///
/// # Errors
/// What binding and the function raise.
pub fn call_function(cx: &Context, function: &Ref<Function>, args: Args<'_>) -> PyResult<Value> {
    cx.nested("", || {
        let locals = cx.stack.top.get();
        let code = function.code();
        room(cx, locals, code)?;
        // SAFETY: the stack has room for the parameters from its top on; the frame takes them over.
        unsafe {
            bind(cx, function, args, locals)?;
            let frame = frame::push(
                cx,
                Callee::held_by_caller(function),
                locals,
                code.parameter_count(),
                cx.stack.frame.get(),
            )?;
            (*frame).is_entry = true;
            interpreter::run(cx, frame)
        }
    })
}

/// [`call_function`] with `this` in front of the arguments.
///
/// # Errors
/// As [`call_function`].
pub fn call_with_this(
    cx: &Context,
    function: &Ref<Function>,
    this: &Value,
    args: Args<'_>,
) -> PyResult<Value> {
    let code = function.code();
    let count = args.values.len() + 1;
    if !code.is_simple || !args.names.is_empty() || code.arg_count as usize != count {
        return args.with_this(this, |args| call_function(cx, function, args));
    }
    cx.nested("", || {
        let locals = cx.stack.top.get();
        room(cx, locals, code)?;
        // SAFETY: as in `call_function`.
        unsafe {
            *locals = this.clone().into_bits();
            for (index, value) in args.values.iter().enumerate() {
                *locals.add(index + 1) = value.clone().into_bits();
            }
            let callee = Callee::held_by_caller(function);
            let frame = frame::push(cx, callee, locals, count, cx.stack.frame.get())?;
            (*frame).is_entry = true;
            interpreter::run(cx, frame)
        }
    })
}

/// Runs the code of `function`, which takes no arguments, with `namespace` as its `locals()`.
///
/// # Errors
/// What the code raises.
pub fn run_code(
    cx: &Context,
    function: &Ref<Function>,
    namespace: Option<Value>,
) -> PyResult<Value> {
    cx.nested("", || {
        let locals = cx.stack.top.get();
        room(cx, locals, function.code())?;
        // SAFETY: as in `call_function`, with no parameters.
        unsafe {
            let frame = frame::push(
                cx,
                Callee::held_by_caller(function),
                locals,
                0,
                cx.stack.frame.get(),
            )?;
            (*frame).namespace = namespace;
            (*frame).is_entry = true;
            interpreter::run(cx, frame)
        }
    })
}

/// Whether the stack has room for the parameters; the frame itself is checked when it is pushed.
///
/// # Errors
/// RecursionError.
#[inline]
pub(crate) fn room(cx: &Context, locals: *mut u64, code: &Ref<Code>) -> PyResult<()> {
    // SAFETY: address arithmetic; the result is compared, not used.
    let end = unsafe { locals.add(code.parameter_count() + 64) };
    if end >= cx.stack.middle() {
        return Err(cx.recursion_error("maximum recursion depth exceeded"));
    }
    Ok(())
}

/// Writes a count of each argument to the variable it belongs to; absent parameters get their
/// defaults. On failure nothing is left behind.
///
/// # Errors
/// TypeError when the arguments do not fit.
///
/// # Safety
/// `locals` has room for the parameters.
pub unsafe fn bind(
    cx: &Context,
    function: &Ref<Function>,
    args: Args<'_>,
    locals: *mut u64,
) -> PyResult<()> {
    let code = function.code();
    let count = code.parameter_count();
    if code.is_simple && args.names.is_empty() && args.values.len() == count {
        for (index, value) in args.values.iter().enumerate() {
            // SAFETY: one word for each parameter.
            unsafe { *locals.add(index) = value.clone().into_bits() };
        }
        return Ok(());
    }
    // SAFETY: one word for each parameter; zero is unbound.
    let variables = unsafe {
        std::ptr::write_bytes(locals, 0, count);
        std::slice::from_raw_parts_mut(locals.cast::<Option<Value>>(), count)
    };
    let result = bind_slow(cx, function, args, variables);
    if result.is_err() {
        variables.iter_mut().for_each(|variable| *variable = None);
    }
    result
}

/// Makes the arguments from `first` to `end`, the last of them named by `names`, the function's parameters
/// where they are, moving those with names to their places; absent ones get their defaults. False: nothing
/// was done, and it takes [`bind`] to say what is wrong, or to collect arguments in a tuple or dict.
///
/// # Errors
/// RecursionError. Nothing was done then either.
///
/// # Safety
/// The words from `first` on are values up to `end`, on this thread's stack, with nothing live above.
pub(super) unsafe fn bind_in_place(
    cx: &Context,
    function: &Ref<Function>,
    names: &[Value],
    first: *mut u64,
    end: *mut u64,
) -> PyResult<bool> {
    const MOST: usize = 8;
    let code = function.code();
    let count = code.parameter_count();
    // SAFETY: `end` is behind `first`.
    let total = unsafe { end.offset_from_unsigned(first) };
    let given = total - names.len();
    let varargs = CodeFlags::VARARGS | CodeFlags::VARKEYWORDS;
    if names.is_empty()
        && code.flags & varargs == CodeFlags::VARARGS
        && code.keyword_only_count == 0
    {
        // SAFETY: the caller's promise.
        return unsafe { collect_in_place(cx, function, first, total) };
    }
    if code.flags.intersects(varargs) || given > code.arg_count as usize || names.len() > MOST {
        return Ok(false);
    }
    let positional_only = code.compiled.positional_only_count as usize;
    let mut places = [0; MOST];
    let mut named = 0_u64;
    for (place, name) in places.iter_mut().zip(names) {
        // Names in code are interned, so the same one is the same object.
        let parameters = code.local_names[..count.min(64)].iter();
        let found = parameters
            .enumerate()
            .skip(positional_only.max(given))
            .find(|(_, parameter)| parameter.address() as u64 == name.bits());
        match found {
            Some((index, _)) if named & 1 << index == 0 => {
                named |= 1 << index;
                *place = index;
            }
            _ => return Ok(false),
        }
    }
    room(cx, first, code)?;
    // SAFETY: there is room for the parameters; the words of named arguments move, and none is lost.
    unsafe {
        let mut moved = [0; MOST];
        std::ptr::copy_nonoverlapping(first.add(given), moved.as_mut_ptr(), names.len());
        std::ptr::write_bytes(first.add(given), 0, count - given);
        for (place, word) in places.iter().zip(moved).take(names.len()) {
            *first.add(*place) = word;
        }
        let variables = std::slice::from_raw_parts_mut(first.cast::<Option<Value>>(), count);
        if fill_in_defaults(cx, function, variables, given) {
            return Ok(true);
        }
        // An argument is missing: everything back to where it was.
        for place in given..count {
            let word = std::mem::take(&mut *first.add(place));
            if word != 0 && named & 1 << place == 0 {
                drop(Value::from_bits(word));
            }
        }
        std::ptr::copy_nonoverlapping(moved.as_ptr(), first.add(given), names.len());
    }
    Ok(false)
}

/// [`bind_in_place`] of `given` arguments without names, where what there is beyond the positional parameters
/// becomes the tuple of `*args`.
///
/// # Errors
/// RecursionError, MemoryError. Nothing was done then either.
///
/// # Safety
/// As for [`bind_in_place`].
unsafe fn collect_in_place(
    cx: &Context,
    function: &Ref<Function>,
    first: *mut u64,
    given: usize,
) -> PyResult<bool> {
    let code = function.code();
    let positional = code.arg_count as usize;
    room(cx, first, code)?;
    // SAFETY: there is room for the parameters; what goes into the tuple moves, and its words are free.
    unsafe {
        if given < positional {
            let missing = positional - given;
            std::ptr::write_bytes(first.add(given), 0, missing);
            let variables = std::slice::from_raw_parts_mut(first.cast(), positional);
            if !fill_in_defaults(cx, function, variables, given) {
                variables[given..]
                    .iter_mut()
                    .for_each(|variable| *variable = None);
                return Ok(false);
            }
        }
        let words = first.add(positional);
        let collected = match given.saturating_sub(positional) {
            0 => Tuple::empty(),
            rest => Tuple::plain(cx, rest, |items| {
                std::ptr::copy_nonoverlapping(words.cast(), items, rest);
            })?,
        };
        *words = collected.into_value().into_bits();
    }
    Ok(true)
}

/// Lets go of `value`. The frames of what that runs leave the variables up to `end` alone, which no frame has yet.
pub(super) fn let_go_above(cx: &Context, end: *mut u64, value: Value) {
    let top = cx.stack.top.get();
    cx.stack.top.set(top.max(end));
    drop(value);
    cx.stack.top.set(top);
}

/// Gives parameters from `given` on that are unbound their defaults. False when one has none.
fn fill_in_defaults(
    cx: &Context,
    function: &Ref<Function>,
    variables: &mut [Option<Value>],
    given: usize,
) -> bool {
    let code = function.code();
    let end = variables.as_mut_ptr_range().end.cast::<u64>();
    let positional = code.arg_count as usize;
    if given < positional {
        let mut fill = |defaults: &Value| {
            let defaults = defaults.downcast::<Tuple>()?.as_slice();
            let first = positional.saturating_sub(defaults.len());
            for index in given..positional {
                if variables[index].is_none() {
                    if index < first {
                        return Some(false);
                    }
                    variables[index] = Some(defaults[index + defaults.len() - positional].clone());
                }
            }
            Some(true)
        };
        let filled = function.defaults.look(&mut fill).or_else(|| {
            let defaults = function.defaults.get()?;
            let filled = fill(&defaults);
            let_go_above(cx, end, defaults);
            filled
        });
        let bound = |variable: &Option<Value>| variable.is_some();
        if !filled.unwrap_or_else(|| variables[given..positional].iter().all(bound)) {
            return false;
        }
    }
    if code.keyword_only_count > 0 {
        let defaults = function.keyword_defaults.get_as::<Dict>();
        let unbound = variables.iter_mut().enumerate().skip(positional);
        let mut unbound = unbound.filter(|(_, variable)| variable.is_none());
        let filled = unbound.all(|(index, variable)| {
            let default = |defaults: &Ref<Dict>| {
                let name = code.local_names[index];
                defaults.get_name_if_simple(name).flatten()
            };
            *variable = defaults.as_ref().and_then(default);
            variable.is_some()
        });
        if let Some(defaults) = defaults {
            let_go_above(cx, end, defaults.into_value());
        }
        return filled;
    }
    true
}

fn bind_slow(
    cx: &Context,
    function: &Ref<Function>,
    args: Args<'_>,
    variables: &mut [Option<Value>],
) -> PyResult<()> {
    let code = function.code();
    let positional_count = code.arg_count as usize;
    let named_count = positional_count + code.keyword_only_count as usize;
    let positional = args.positional();
    let has_varargs = code.flags.contains(CodeFlags::VARARGS);
    let taken = positional.len().min(positional_count);
    for (variable, value) in variables.iter_mut().zip(&positional[..taken]) {
        *variable = Some(value.clone());
    }
    if has_varargs {
        let rest = Tuple::from_values(cx, &positional[taken..])?;
        variables[named_count] = Some(rest.into_value());
    }
    let keywords = if code.flags.contains(CodeFlags::VARKEYWORDS) {
        let keywords = Dict::new(cx)?;
        variables[named_count + usize::from(has_varargs)] = Some(keywords.to_value());
        Some(keywords)
    } else {
        None
    };
    let positional_only = code.compiled.positional_only_count as usize;
    for (key, value) in args.keywords().iter() {
        let Some(name) = key.downcast::<Str>() else {
            return Err(cx.type_error(format!("{}() keywords must be strings", display(function))));
        };
        let name = Name::from_string(name);
        let found = code.local_names[positional_only..named_count]
            .iter()
            .position(|parameter| parameter.is(&name))
            .map(|index| index + positional_only);
        match (found, &keywords) {
            (Some(index), _) => {
                if variables[index].is_some() {
                    return Err(cx.type_error(format!(
                        "{}() got multiple values for argument '{}'",
                        display(function),
                        name.display()
                    )));
                }
                variables[index] = Some(value.clone());
            }
            (None, Some(keywords)) => keywords.set_item(cx, key, value.clone())?,
            (None, None) => return Err(unexpected_keyword(cx, function, args, name)),
        }
    }
    if positional.len() > positional_count && !has_varargs {
        return Err(too_many_positional(
            cx,
            function,
            positional.len(),
            variables,
        ));
    }
    if positional.len() < positional_count {
        fill_defaults(cx, function, &mut variables[..positional_count], taken)?;
    }
    if code.keyword_only_count > 0 {
        fill_keyword_defaults(cx, function, variables, positional_count, named_count)?;
    }
    Ok(())
}

/// Gives positional parameters from `given` on that are unbound their defaults.
///
/// # Errors
/// TypeError when one has none.
pub(crate) fn fill_defaults(
    cx: &Context,
    function: &Ref<Function>,
    variables: &mut [Option<Value>],
    given: usize,
) -> PyResult<()> {
    let defaults = function.defaults.get_as::<Tuple>();
    let defaults = defaults
        .as_ref()
        .map_or(&[][..], |defaults| defaults.as_slice());
    let count = variables.len();
    let first = count.saturating_sub(defaults.len());
    if variables[given..first.max(given)]
        .iter()
        .any(Option::is_none)
    {
        let missing: Vec<usize> = (given..first)
            .filter(|&index| variables[index].is_none())
            .collect();
        return Err(missing_arguments(cx, function, "positional", &missing));
    }
    for index in first.max(given)..count {
        if variables[index].is_none() {
            variables[index] = Some(defaults[index + defaults.len() - count].clone());
        }
    }
    Ok(())
}

fn fill_keyword_defaults(
    cx: &Context,
    function: &Ref<Function>,
    variables: &mut [Option<Value>],
    first: usize,
    end: usize,
) -> PyResult<()> {
    let defaults = function.keyword_defaults.get_as::<Dict>();
    let mut missing = Vec::new();
    for (index, variable) in variables.iter_mut().enumerate().take(end).skip(first) {
        if variable.is_some() {
            continue;
        }
        if let Some(defaults) = &defaults {
            *variable = defaults.get_name(cx, function.code().local_names[index])?;
        }
        if variable.is_none() {
            missing.push(index);
        }
    }
    if missing.is_empty() {
        Ok(())
    } else {
        Err(missing_arguments(cx, function, "keyword-only", &missing))
    }
}

fn display(function: &Ref<Function>) -> String {
    function
        .qualname
        .get_as::<Str>()
        .map(|name| name.to_string())
        .unwrap_or_default()
}

#[cold]
fn missing_arguments(
    cx: &Context,
    function: &Ref<Function>,
    kind: &str,
    missing: &[usize],
) -> Raised {
    let names: Vec<String> = missing
        .iter()
        .map(|&index| format!("'{}'", function.code().local_names[index].display()))
        .collect();
    let list = match names.as_slice() {
        [one] => one.clone(),
        [one, two] => format!("{one} and {two}"),
        [start @ .., last] => format!("{}, and {last}", start.join(", ")),
        [] => String::new(),
    };
    let plural = if names.len() == 1 { "" } else { "s" };
    cx.type_error(format!(
        "{}() missing {} required {kind} argument{plural}: {list}",
        display(function),
        names.len()
    ))
}

#[cold]
fn too_many_positional(
    cx: &Context,
    function: &Ref<Function>,
    given: usize,
    variables: &[Option<Value>],
) -> Raised {
    let code = function.code();
    let count = code.arg_count as usize;
    let defaults = function
        .defaults
        .get_as::<Tuple>()
        .map_or(0, |defaults| defaults.len());
    let keyword_only = (count..count + code.keyword_only_count as usize)
        .filter(|&index| variables[index].is_some())
        .count();
    let (takes, plural) = if defaults > 0 {
        (format!("from {} to {count}", count - defaults), true)
    } else {
        (count.to_string(), count != 1)
    };
    let plural = if plural { "s" } else { "" };
    let with_keywords = if keyword_only > 0 {
        format!(
            " positional argument{} (and {keyword_only} keyword-only argument{})",
            if given == 1 { "" } else { "s" },
            if keyword_only == 1 { "" } else { "s" }
        )
    } else {
        String::new()
    };
    let were = if given == 1 && keyword_only == 0 {
        "was"
    } else {
        "were"
    };
    cx.type_error(format!(
        "{}() takes {takes} positional argument{plural} but {given}{with_keywords} {were} given",
        display(function)
    ))
}

#[cold]
fn unexpected_keyword(
    cx: &Context,
    function: &Ref<Function>,
    args: Args<'_>,
    name: Name,
) -> Raised {
    let code = function.code();
    let positional_only = &code.local_names[..code.compiled.positional_only_count as usize];
    let misused: Vec<String> = args
        .keywords()
        .iter()
        .filter_map(|(key, _)| key.downcast::<Str>().map(Name::from_string))
        .filter(|key| positional_only.iter().any(|parameter| parameter.is(key)))
        .map(|key| key.display())
        .collect();
    if !misused.is_empty() {
        return cx.type_error(format!(
            "{}() got some positional-only arguments passed as keyword arguments: '{}'",
            display(function),
            misused.join(", ")
        ));
    }
    let known: Vec<String> = code.local_names[code.compiled.positional_only_count as usize
        ..(code.arg_count + code.keyword_only_count) as usize]
        .iter()
        .map(|name| name.display())
        .collect();
    args::unexpected_keyword(cx, &display(function), &name.display(), &known)
}
