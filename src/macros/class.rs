//! `#[pyclass]` and `#[pymethods]`.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Expr, Ident, ImplItem, ImplItemFn, ItemImpl, ItemStruct, LitStr, Meta, Path, Token};

use crate::function::{self, Receiver, doc_text, runtime_path};
use crate::signature::Signature;

/// What `#[pyclass(...)]` says.
#[derive(Default)]
struct ClassArguments {
    name: Option<String>,
    module: Option<String>,
    doc: Option<String>,
    signature: Option<String>,
    base: Option<Path>,
    python_base: Option<Expr>,
    metaclass: Option<Path>,
    flags: Vec<Ident>,
    plain: bool,
    variable: Option<Path>,
}

fn parse_class_arguments(arguments: TokenStream) -> syn::Result<ClassArguments> {
    let mut parsed = ClassArguments::default();
    let parser = syn::meta::parser(|meta| {
        let key = meta
            .path
            .get_ident()
            .map(ToString::to_string)
            .unwrap_or_default();
        match key.as_str() {
            "name" => parsed.name = Some(meta.value()?.parse::<LitStr>()?.value()),
            "module" => parsed.module = Some(meta.value()?.parse::<LitStr>()?.value()),
            "doc" => parsed.doc = Some(meta.value()?.parse::<LitStr>()?.value()),
            "signature" => parsed.signature = Some(meta.value()?.parse::<LitStr>()?.value()),
            "base" => parsed.base = Some(meta.value()?.parse()?),
            "metaclass" => parsed.metaclass = Some(meta.value()?.parse()?),
            "python_base" => parsed.python_base = Some(meta.value()?.parse()?),
            "variable" => parsed.variable = Some(meta.value()?.parse()?),
            "plain" => parsed.plain = true,
            "flags" => meta.parse_nested_meta(|flag| {
                parsed.flags.push(flag.path.require_ident()?.clone());
                Ok(())
            })?,
            other => return Err(meta.error(format!("unknown key {other:?}"))),
        }
        Ok(())
    });
    parser.parse2(arguments)?;
    Ok(parsed)
}

pub fn pyclass(arguments: TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
    let arguments = parse_class_arguments(arguments)?;
    let item: ItemStruct = syn::parse2(item)?;
    let runtime = runtime_path();
    let ty = &item.ident;
    let rust_name = ty.to_string();
    let name = arguments
        .name
        .ok_or_else(|| syn::Error::new(ty.span(), "name = \"…\" is missing"))?;
    let module = arguments.module.unwrap_or_else(|| "builtins".into());
    let doc = match arguments.doc {
        Some(doc) => quote!(Some(#doc)),
        None => quote!(None),
    };
    let signature = match arguments.signature {
        Some(signature) => quote!(Some(#signature)),
        None => quote!(None),
    };
    let flags = &arguments.flags;
    let flag_bits = quote!(0 #(| #runtime::class::ClassFlags::#flags.bits())*);
    // Attributes refer to anything, whatever the payload does.
    let has_dict = flags.iter().any(|flag| flag == "HAS_DICT");
    let kind = if arguments.plain && !has_dict {
        quote!(Plain)
    } else {
        quote!(Container)
    };
    let kind = quote!(#runtime::object::Kind::#kind);
    let base_layout = match &arguments.base {
        Some(base) => quote!(Some(<#base as #runtime::object::Payload>::LAYOUT)),
        None => quote!(None),
    };
    let python_base = match (&arguments.python_base, &arguments.base) {
        (Some(expr), _) => quote!(#expr),
        (None, Some(base)) => quote!(<#base as #runtime::object::Payload>::class()),
        (None, None) => quote!(#runtime::objects::object::class()),
    };
    let metaclass = arguments.metaclass.map(|metaclass| {
        quote! {
            fn metaclass() -> Option<&'static #runtime::object::Ref<#runtime::objects::type_::Type>> {
                Some(<#metaclass as #runtime::object::Payload>::class())
            }
        }
    });
    let layout = match &arguments.variable {
        Some(size) => {
            quote!(#runtime::object::Layout::variable::<#ty>(#rust_name, #kind, #base_layout, #size))
        }
        None => quote!(#runtime::object::Layout::of::<#ty>(#rust_name, #kind, #base_layout)),
    };
    let traverse = arguments.plain.then(|| {
        quote! {
            impl #runtime::object::Traverse for #ty {
                fn traverse(&self, _: &mut dyn FnMut(&#runtime::value::Value)) {}
                const IS_RUN: bool = true;
            }
        }
    });
    Ok(quote! {
        #item

        #traverse

        impl #runtime::object::Payload for #ty {
            const BASE: Option<&'static #runtime::object::Layout> = #base_layout;
            const LAYOUT: &'static #runtime::object::Layout = {
                static LAYOUT: #runtime::object::Layout = #layout;
                &LAYOUT
            };
            #[inline(always)]
            fn class_cell() -> &'static #runtime::class::ClassCell {
                static CELL: #runtime::class::ClassCell = #runtime::class::ClassCell::new();
                &CELL
            }
        }

        impl #runtime::class::PyClass for #ty {
            const NAME: &'static str = #name;
            const MODULE: &'static str = #module;
            const DOC: Option<&'static str> = #doc;
            const SIGNATURE: Option<&'static str> = #signature;
            const FLAGS: #runtime::class::ClassFlags =
                #runtime::class::ClassFlags::from_bits_retain(#flag_bits);
            fn python_base() -> &'static #runtime::object::Ref<#runtime::objects::type_::Type> {
                #python_base
            }
            #metaclass
        }
    })
}

pub fn pymethods(arguments: TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
    let mut table: Option<Ident> = None;
    let mut more: Vec<Path> = Vec::new();
    let parser = syn::meta::parser(|meta| {
        if meta.path.is_ident("table") {
            table = Some(meta.value()?.parse()?);
        } else if meta.path.is_ident("tables") {
            let content;
            syn::parenthesized!(content in meta.input);
            more.extend(Punctuated::<Path, Token![,]>::parse_terminated(&content)?);
        } else {
            return Err(meta.error("table = NAME or tables(path, …)"));
        }
        Ok(())
    });
    parser.parse2(arguments)?;
    let mut block: ItemImpl = syn::parse2(item)?;
    let runtime = runtime_path();
    let ty = block.self_ty.clone();
    let mut entries = Vec::new();
    let mut fills = Vec::new();
    for item in &mut block.items {
        if let ImplItem::Fn(function) = item {
            read_function(function, &quote!(#ty), &mut entries, &mut fills)?;
        }
    }
    let fill = quote! {
        #[allow(unused_variables)]
        fn fill(slots: &#runtime::slots::Slots) {
            #(#fills)*
        }
    };
    let made = if let Some(table) = table {
        quote! {
            pub(crate) static #table: #runtime::class::MethodTable = {
                #fill
                #runtime::class::MethodTable { entries: &[#(#entries),*], fill }
            };
        }
    } else {
        quote! {
            impl #runtime::class::ClassMethods for #ty {
                const TABLES: &'static [&'static #runtime::class::MethodTable] = {
                    #fill
                    static TABLE: #runtime::class::MethodTable =
                        #runtime::class::MethodTable { entries: &[#(#entries),*], fill };
                    &[&TABLE #(, &#more)*]
                };
            }
        }
    };
    Ok(quote!(#block #made))
}

/// Takes our attribute off a function and adds what it says to the tables.
fn read_function(
    function: &mut ImplItemFn,
    ty: &TokenStream,
    entries: &mut Vec<TokenStream>,
    fills: &mut Vec<TokenStream>,
) -> syn::Result<()> {
    const OURS: [&str; 7] = [
        "method",
        "classmethod",
        "staticmethod",
        "getter",
        "member",
        "setter",
        "slot",
    ];
    let runtime = runtime_path();
    let doc = doc_text(&function.attrs);
    let mut ours = Vec::new();
    function.attrs.retain(|attribute| {
        let is_ours = OURS.iter().any(|name| attribute.path().is_ident(name));
        if is_ours {
            ours.push(attribute.clone());
        }
        !is_ours
    });
    let ident = function.sig.ident.clone();
    let target = quote!(<#ty>::#ident);
    for attribute in ours {
        let kind = attribute.path().require_ident()?.to_string();
        match kind.as_str() {
            "method" | "classmethod" | "staticmethod" => {
                let text: LitStr = attribute.parse_args()?;
                let (receiver, variant) = match kind.as_str() {
                    "method" => (Receiver::Instance, quote!(Method)),
                    "classmethod" => (Receiver::Class, quote!(ClassMethod)),
                    _ => (Receiver::Nothing, quote!(StaticMethod)),
                };
                let signature =
                    Signature::parse(&text.value(), receiver != Receiver::Nothing, text.span())?;
                let name = &signature.name;
                let call = function::binding(&target, &function.sig, &signature, receiver)?;
                entries.push(quote! {
                    #runtime::class::Entry::#variant(&const {
                        let (signature, call) = #call;
                        #runtime::args::FunctionSpec { name: #name, doc: #doc, signature, call }
                    })
                });
            }
            "getter" | "member" | "setter" => {
                let full = ident.to_string();
                let full = full.strip_prefix("r#").unwrap_or(&full).to_owned();
                let name = match &attribute.meta {
                    Meta::List(list) => syn::parse2::<LitStr>(list.tokens.clone())?.value(),
                    _ => full
                        .strip_prefix("set_")
                        .filter(|_| kind == "setter")
                        .unwrap_or(&full)
                        .to_owned(),
                };
                let receiver_type = function::parameter_types(&function.sig)?
                    .into_iter()
                    .next()
                    .ok_or_else(|| syn::Error::new(ident.span(), "`this` is missing"))?;
                let this = if function::is_value_reference(&receiver_type) {
                    quote!(this)
                } else {
                    quote!(#runtime::args::receiver(cx, this, #name)?)
                };
                if kind != "setter" {
                    let variant = if kind == "member" {
                        quote!(Member)
                    } else {
                        quote!(Getter)
                    };
                    entries.push(quote! {
                        #runtime::class::Entry::#variant {
                            name: #name,
                            doc: #doc,
                            get: {
                                fn get(
                                    cx: &#runtime::context::Context,
                                    this: &#runtime::value::Value,
                                ) -> #runtime::error::PyResult<#runtime::value::Value> {
                                    #runtime::args::IntoResult::into_result(#target(cx, #this), cx)
                                }
                                get
                            },
                        }
                    });
                } else {
                    entries.push(quote! {
                        #runtime::class::Entry::Setter {
                            name: #name,
                            set: {
                                fn set(
                                    cx: &#runtime::context::Context,
                                    this: &#runtime::value::Value,
                                    value: Option<&#runtime::value::Value>,
                                ) -> #runtime::error::PyResult<()> {
                                    #target(cx, #this, value)
                                }
                                set
                            },
                        }
                    });
                }
            }
            _ => {
                let slot: Ident = attribute.parse_args()?;
                fills.push(slot_fill(function, &slot, &target)?);
            }
        }
    }
    Ok(())
}

/// `slots.repr.set(…)` with a function that finds the payload behind `this: &Value`.
fn slot_fill(
    function: &ImplItemFn,
    slot: &Ident,
    target: &TokenStream,
) -> syn::Result<TokenStream> {
    let runtime = runtime_path();
    let types = function::parameter_types(&function.sig)?;
    let output = &function.sig.output;
    let generics = &function.sig.generics;
    let mut parameters = Vec::new();
    let mut passed = Vec::new();
    for (index, ty) in types.iter().enumerate() {
        let name = format_ident!("p{index}");
        let is_this = index == 0 && !function::is_value_reference(ty) && slot != "new";
        if is_this {
            parameters.push(quote!(#name: &#runtime::value::Value));
            passed.push(quote!(#runtime::args::payload(#name)));
        } else {
            parameters.push(quote!(#name: #ty));
            passed.push(quote!(#name));
        }
    }
    Ok(quote! {
        slots.#slot.set(Some({
            fn slot #generics (cx: &#runtime::context::Context, #(#parameters),*) #output {
                #target(cx, #(#passed),*)
            }
            slot
        }));
    })
}
