//! The function that stands between the calling convention and a Rust function: it checks the
//! receiver, binds and converts the arguments, and converts the result.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::spanned::Spanned;
use syn::{Attribute, Expr, ExprLit, FnArg, Lit, Meta, Type};

use crate::signature::{Kind, Parameter, Signature};

/// Who the function is called on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Receiver {
    /// The object: `this: &Ref<T>` or `this: &Value`.
    Instance,
    /// The class: `class: &Ref<Type>`.
    Class,
    /// Nothing (static methods, module functions).
    Nothing,
}

/// Path to the runtime crate: `crate` inside it, `typhon_runtime` elsewhere.
pub fn runtime_path() -> TokenStream {
    let inside = std::env::var("CARGO_PKG_NAME").is_ok_and(|name| name == "typhon-runtime");
    if inside {
        quote!(crate)
    } else {
        quote!(::typhon_runtime)
    }
}

/// The text of the doc comments.
pub fn doc_text(attributes: &[Attribute]) -> String {
    let lines: Vec<String> = attributes
        .iter()
        .filter(|a| a.path().is_ident("doc"))
        .filter_map(|a| match &a.meta {
            Meta::NameValue(pair) => match &pair.value {
                Expr::Lit(ExprLit {
                    lit: Lit::Str(text),
                    ..
                }) => {
                    let text = text.value();
                    Some(text.strip_prefix(' ').unwrap_or(&text).to_owned())
                }
                _ => None,
            },
            _ => None,
        })
        .collect();
    lines.join("\n").trim().to_owned()
}

/// Types of the function's parameters after the context.
pub fn parameter_types(function: &syn::Signature) -> syn::Result<Vec<Type>> {
    function
        .inputs
        .iter()
        .skip(1)
        .map(|input| match input {
            FnArg::Typed(typed) => Ok((*typed.ty).clone()),
            FnArg::Receiver(receiver) => Err(syn::Error::new(
                receiver.span(),
                "the receiver is written `this: &Ref<Self>`",
            )),
        })
        .collect()
}

/// Whether the type is `&Value`.
pub fn is_value_reference(ty: &Type) -> bool {
    quote!(#ty).to_string().replace(' ', "") == "&Value"
}

/// The expression of a `NativeFunction` (a closure without captures) that calls `target`.
pub fn binding(
    target: &TokenStream,
    function: &syn::Signature,
    signature: &Signature,
    receiver: Receiver,
) -> syn::Result<TokenStream> {
    let runtime = runtime_path();
    let mut types = parameter_types(function)?;
    let receiver_type =
        (receiver != Receiver::Nothing && !types.is_empty()).then(|| types.remove(0));
    // A function that takes `Args` itself binds them in its own way.
    let unbound = matches!(&types[..], [ty] if quote!(#ty).to_string().starts_with("Args <"));
    if !unbound && types.len() != signature.parameters.len() {
        return Err(syn::Error::new(
            function.span(),
            format!(
                "{} has {} parameters in Python, {} in Rust",
                signature.name,
                signature.parameters.len(),
                types.len()
            ),
        ));
    }
    let name = &signature.name;
    let this = match (receiver, &receiver_type) {
        (Receiver::Nothing, _) => quote!(),
        (_, Some(ty)) if is_value_reference(ty) => quote!(this,),
        (Receiver::Instance, _) => quote!(#runtime::args::receiver(cx, this, #name)?,),
        (Receiver::Class, _) => quote!(#runtime::args::receiver_class(this),),
    };
    let static_signature = signature.tokens(&runtime);
    let only_required_positional = signature
        .parameters
        .iter()
        .all(|p| p.kind == Kind::PositionalOnly && p.default.is_none());
    let mut converted = Vec::new();
    let bind = if unbound {
        converted.push(quote!(args));
        quote!()
    } else if only_required_positional {
        let count = types.len();
        for index in 0..count {
            let place = place(&runtime, signature, index);
            converted.push(
                quote!(#runtime::args::FromArgument::from_argument(cx, &bound[#index], #place)?),
            );
        }
        quote!(let bound: &[#runtime::value::Value; #count] = SIGNATURE.exactly(cx, this, args)?;)
    } else {
        let count = signature.plain().count();
        let mut index = 0usize;
        for (ordinal, (parameter, ty)) in signature.parameters.iter().zip(&types).enumerate() {
            match parameter.kind {
                Kind::VarPositional => converted.push(quote!(rest.positional)),
                Kind::VarKeyword => converted.push(quote!(rest.keywords)),
                _ => {
                    let place = place(&runtime, signature, ordinal);
                    let absent = absent(&runtime, parameter, ty)?;
                    converted.push(quote!(match bound[#index] {
                        Some(value) => #runtime::args::FromArgument::from_argument(cx, value, #place)?,
                        None => #absent,
                    }));
                    index += 1;
                }
            }
        }
        quote! {
            let mut bound: [Option<&#runtime::value::Value>; #count] = [None; #count];
            #[allow(unused_variables)]
            let rest = SIGNATURE.bind(cx, args, &mut bound)?;
        }
    };
    let names: Vec<_> = (0..converted.len())
        .map(|index| format_ident!("p{index}"))
        .collect();
    Ok(quote! {
        {
            static SIGNATURE: #runtime::args::Signature = #static_signature;
            #[allow(unused_variables, clippy::needless_question_mark)]
            fn call(
                cx: &#runtime::context::Context,
                this: &#runtime::value::Value,
                args: #runtime::args::Args<'_>,
            ) -> #runtime::error::PyResult<#runtime::value::Value> {
                #bind
                #(let #names = #converted;)*
                #runtime::args::IntoResult::into_result(#target(cx, #this #(#names),*), cx)
            }
            (&SIGNATURE, call as #runtime::args::NativeCall)
        }
    })
}

/// Where the argument for parameter `index` stands, for messages; 0 when the function takes one only.
fn place(runtime: &TokenStream, signature: &Signature, index: usize) -> TokenStream {
    let function = &signature.name;
    let parameter = &signature.parameters[index];
    let is_only = signature.parameters.len() == 1
        && parameter.kind == Kind::PositionalOnly
        && parameter.default.is_none();
    let position = if is_only { 0 } else { index + 1 };
    let name = &parameter.name;
    let by_name =
        parameter.kind == Kind::KeywordOnly || parameter.kind == Kind::PositionalOrKeyword;
    quote!(const { &#runtime::args::Place { function: #function, position: #position, name: #name, by_name: #by_name } })
}

/// What stands for an argument that was not given.
fn absent(runtime: &TokenStream, parameter: &Parameter, ty: &Type) -> syn::Result<TokenStream> {
    let type_text = quote!(#ty).to_string().replace(' ', "");
    if type_text.starts_with("Option<") {
        return Ok(quote!(None));
    }
    if type_text.starts_with("Maybe<") {
        return Ok(quote!(#runtime::args::Maybe(None)));
    }
    let Some(default) = &parameter.default else {
        return Ok(quote!(unreachable!(
            "invariant: bind fails when a required argument is missing"
        )));
    };
    let value = match default.as_str() {
        "None" => quote!(#runtime::value::Value::NONE),
        "True" => quote!(#runtime::value::Value::TRUE),
        "False" => quote!(#runtime::value::Value::FALSE),
        "()" => quote!(#runtime::objects::tuple::Tuple::empty().to_value()),
        text if text.parse::<i64>().is_ok() => {
            let number: i64 = text.parse().expect("just parsed");
            quote!(#runtime::objects::int::from_i64(cx, #number)?)
        }
        text if text.parse::<f64>().is_ok() => {
            let number: f64 = text.parse().expect("just parsed");
            quote!(#runtime::objects::float::from_f64(cx, #number)?)
        }
        text if text.starts_with("b'") => {
            let bytes = &text[2..text.len() - 1];
            quote!(#runtime::objects::bytes::Bytes::from_slice(cx, #bytes.as_bytes())?.into_value())
        }
        text if text.starts_with('\'') || text.starts_with('"') => {
            let text = &text[1..text.len() - 1];
            quote!(#runtime::objects::str_::Str::from_str(cx, #text)?.into_value())
        }
        other => {
            return Err(syn::Error::new(
                ty.span(),
                format!("default {other}: give the parameter the type Option<…> or Maybe<…>"),
            ));
        }
    };
    if type_text.starts_with('&') {
        // A reference needs something to refer to for as long as the call lasts.
        return if default == "None" && type_text == "&Value" {
            Ok(quote!(&const { #value }))
        } else {
            Err(syn::Error::new(
                ty.span(),
                "a parameter with this default cannot be a reference",
            ))
        };
    }
    Ok(quote!(#runtime::args::FromDefault::from_default(cx, #value)?))
}
