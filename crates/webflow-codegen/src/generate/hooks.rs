//! The hooks of a generated client.

use quote::quote;
use syn::{GenericArgument, ImplItem, ImplItemFn, Item, Path, PathArguments, ReturnType, Type};

use super::client::module;
use crate::error::{Error, Result};

/// The macro call that implements the hooks, with each operation whose success is JSON: a success of
/// another shape is then an error that keeps its status.
pub(super) fn of(client: &syn::File) -> Result<Item> {
    let builders = module(&client.items, "builder")?;
    let operations = client.items.iter().flat_map(methods).filter(|method| {
        // `fn get_site(&self) -> builder::GetSite<'_>`
        returned(method).is_some_and(|path| {
            path.segments
                .first()
                .is_some_and(|first| first.ident == "builder")
                && path.segments.last().is_some_and(|last| {
                    let sends = builders.iter().filter(|item| is_impl_of(item, &last.ident));
                    sends.flat_map(methods).any(answers_with_json)
                })
        })
    });
    let mut operations = operations.map(|method| &method.sig.ident).peekable();
    let colon = operations.peek().map(|_| quote!(:));
    syn::parse2(quote!(
        ::webflow_assets::client_hooks! { Client #colon #(#operations),* }
    ))
    .map_err(|e| Error::new("hooks", "could not be generated").because(e))
}

/// The methods of an `impl` that is of no trait.
fn methods(item: &Item) -> impl Iterator<Item = &ImplItemFn> {
    let items = match item {
        Item::Impl(item) if item.trait_.is_none() => &item.items[..],
        _ => &[],
    };
    items.iter().filter_map(|member| match member {
        ImplItem::Fn(method) => Some(method),
        _ => None,
    })
}

fn is_impl_of(item: &Item, name: &syn::Ident) -> bool {
    match item {
        Item::Impl(item) => path(&item.self_ty)
            .and_then(|path| path.segments.last())
            .is_some_and(|s| s.ident == *name),
        _ => false,
    }
}

/// Whether this is a `send` that returns `Result<ResponseValue<T>, …>`, where `T` is decoded.
fn answers_with_json(method: &ImplItemFn) -> bool {
    if method.sig.ident != "send" {
        return false;
    }
    let success = returned(method)
        .and_then(argument)
        .and_then(path)
        .and_then(argument);
    success.is_some_and(|success| {
        let name = path(success).and_then(|path| path.segments.last());
        let is_raw =
            name.is_some_and(|name| name.ident == "ByteStream" || name.ident == "Upgraded");
        !is_raw && !matches!(success, Type::Tuple(tuple) if tuple.elems.is_empty())
    })
}

fn returned(method: &ImplItemFn) -> Option<&Path> {
    match &method.sig.output {
        ReturnType::Type(_, output) => path(output),
        ReturnType::Default => None,
    }
}

fn path(ty: &Type) -> Option<&Path> {
    match ty {
        Type::Path(ty) => Some(&ty.path),
        _ => None,
    }
}

/// The first argument of a generic type.
fn argument(path: &Path) -> Option<&Type> {
    match &path.segments.last()?.arguments {
        PathArguments::AngleBracketed(arguments) => arguments.args.iter().find_map(|a| match a {
            GenericArgument::Type(ty) => Some(ty),
            _ => None,
        }),
        _ => None,
    }
}
