//! The order in which a class and its bases are searched: C3 linearization (Barrett et al., 1996;
//! PEP 253 and "The Python 2.3 Method Resolution Order").

use super::Type;
use crate::context::Context;
use crate::error::PyResult;
use crate::object::Ref;
use crate::value::Value;

/// The linearization of a class with these bases, the class itself not included.
///
/// # Errors
/// TypeError when there is no consistent order or a base stands twice.
pub(crate) fn linearize_bases(cx: &Context, bases: &[Ref<Type>]) -> PyResult<Vec<Value>> {
    for (index, base) in bases.iter().enumerate() {
        if bases[..index].iter().any(|other| other.is(base)) {
            return Err(cx.type_error(format!("duplicate base class {}", base.short_name())));
        }
    }
    if let [only] = bases {
        return Ok(only.mro_values());
    }
    let mut sequences: Vec<Vec<Value>> = bases.iter().map(|base| base.mro_values()).collect();
    sequences.push(bases.iter().map(Ref::to_value).collect());
    for sequence in &mut sequences {
        sequence.reverse();
    }
    let mut order = Vec::new();
    loop {
        sequences.retain(|sequence| !sequence.is_empty());
        if sequences.is_empty() {
            return Ok(order);
        }
        let good = sequences.iter().find_map(|sequence| {
            let candidate = sequence.last()?;
            let in_a_tail = sequences.iter().any(|other| {
                other[..other.len() - 1]
                    .iter()
                    .any(|class| class.is(candidate))
            });
            (!in_a_tail).then(|| candidate.clone())
        });
        let Some(good) = good else {
            let mut names: Vec<String> = Vec::new();
            for sequence in &sequences {
                let name = sequence
                    .last()
                    .and_then(|class| class.downcast::<Type>())
                    .map(|class| class.short_name())
                    .unwrap_or_default();
                if !names.contains(&name) {
                    names.push(name);
                }
            }
            return Err(cx.type_error(format!(
                "Cannot create a consistent method resolution order (MRO) for bases {}",
                names.join(", ")
            )));
        };
        for sequence in &mut sequences {
            if sequence.last().is_some_and(|class| class.is(&good)) {
                sequence.pop();
            }
        }
        order.push(good);
    }
}
