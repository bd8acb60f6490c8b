//! `#[pyfunction]` and `#[pymodule]`.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{ItemFn, LitStr, Path, Token};

use crate::function::{self, Receiver, doc_text, runtime_path};
use crate::signature::Signature;

/// The name of the static that describes function `name`.
fn spec_name(name: &Ident) -> Ident {
    let text = name.to_string();
    format_ident!(
        "{}",
        text.strip_prefix("r#").unwrap_or(&text).to_uppercase()
    )
}

pub fn pyfunction(arguments: TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
    let text: LitStr = syn::parse2(arguments)?;
    let function: ItemFn = syn::parse2(item)?;
    let runtime = runtime_path();
    let signature = Signature::parse(&text.value(), false, text.span())?;
    let ident = &function.sig.ident;
    let visibility = &function.vis;
    let spec = spec_name(ident);
    let name = &signature.name;
    let doc = doc_text(&function.attrs);
    let call = function::binding(
        &quote!(#ident),
        &function.sig,
        &signature,
        Receiver::Nothing,
    )?;
    Ok(quote! {
        #function

        #[doc = concat!("Describes the built-in function `", #name, "`.")]
        #visibility static #spec: #runtime::args::FunctionSpec = {
            let (signature, call) = #call;
            #runtime::args::FunctionSpec { name: #name, doc: #doc, signature, call }
        };
    })
}

pub fn pymodule(arguments: TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
    let mut name: Option<String> = None;
    let mut functions: Vec<Path> = Vec::new();
    let mut classes: Vec<Path> = Vec::new();
    let parser = syn::meta::parser(|meta| {
        if meta.path.is_ident("name") {
            name = Some(meta.value()?.parse::<LitStr>()?.value());
            return Ok(());
        }
        let list = if meta.path.is_ident("functions") {
            &mut functions
        } else if meta.path.is_ident("classes") {
            &mut classes
        } else {
            return Err(meta.error("name, functions or classes"));
        };
        let content;
        syn::parenthesized!(content in meta.input);
        list.extend(Punctuated::<Path, Token![,]>::parse_terminated(&content)?);
        Ok(())
    });
    parser.parse2(arguments)?;
    let function: ItemFn = syn::parse2(item)?;
    let name =
        name.ok_or_else(|| syn::Error::new(function.sig.ident.span(), "name = \"…\" is missing"))?;
    let runtime = runtime_path();
    let ident = &function.sig.ident;
    let doc = doc_text(&function.attrs);
    let functions = functions.into_iter().map(|mut path| {
        if let Some(last) = path.segments.last_mut() {
            last.ident = spec_name(&last.ident);
        }
        path
    });
    Ok(quote! {
        #function

        #[doc = concat!("Describes the native module `", #name, "`.")]
        pub static MODULE: #runtime::module::ModuleSpec = #runtime::module::ModuleSpec {
            name: #name,
            doc: #doc,
            functions: &[#(&#functions),*],
            classes: &[#(#runtime::class::class_of::<#classes>),*],
            initialize: #ident,
        };
    })
}
