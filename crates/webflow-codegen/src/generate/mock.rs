//! Typed httpmock helpers, and what is changed in them.

use proc_macro2::{Literal, TokenStream, TokenTree};
use progenitor::{GenerationSettings, Generator};
use quote::ToTokens;
use syn::{ImplItem, ImplItemFn, Item, parse_quote};

use super::{client::parse, description::Description, operation::Operation};
use crate::error::{Error, Result};

/// The helpers of a description as it is: named methods, such as `too_many_requests`, exist only for
/// explicit statuses.
pub(super) fn generate(
    raw: &Description,
    settings: &GenerationSettings,
    operations: &[Operation],
) -> Result<syn::File> {
    let tokens = Generator::new(settings)
        .httpmock(&raw.openapi, "crate")
        .map_err(|e| Error::new(&raw.file, "could not be generated").because(e))?;
    let mut file = parse(tokens)?;
    for item in &mut file.items {
        let Item::Mod(module) = item else { continue };
        for item in module.content.iter_mut().flat_map(|(_, items)| items) {
            let Item::Impl(item) = item else { continue };
            let name = item.self_ty.to_token_stream().to_string();
            let Some(operation) = name.strip_suffix("When") else {
                continue;
            };
            let is_form = operations
                .iter()
                .any(|o| o.is_form && letters(&o.name) == letters(operation));
            for member in &mut item.items {
                if let ImplItem::Fn(method) = member {
                    correct(method, is_form);
                }
            }
        }
    }
    Ok(file)
}

/// The generator compares each parameter as one text and each body as JSON.
fn correct(method: &mut ImplItemFn, is_form: bool) {
    if is_form && method.sig.ident == "body" {
        method.block = parse_quote!({
            let value = ::serde_json::to_value(value).unwrap_or_default();
            let when = self
                .0
                .header("content-type", "application/x-www-form-urlencoded");
            let fields = value.as_object().into_iter().flatten();
            Self(fields.fold(when, |when, (name, value)| {
                let text = value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned);
                when.form_urlencoded_tuple(name, text)
            }))
        });
    } else if method
        .sig
        .to_token_stream()
        .to_string()
        .contains(":: Vec <")
        && let Some(name) = first_text(method.block.to_token_stream())
    {
        let is_optional = !method.sig.generics.params.is_empty();
        let each = quote::quote! {
            Self(value.iter().fold(self.0, |when, value| when.query_param(#name, value.to_string())))
        };
        method.block = if is_optional {
            parse_quote!({
                match value.into() {
                    Some(value) => #each,
                    None => Self(self.0.query_param_missing(#name)),
                }
            })
        } else {
            parse_quote!({ #each })
        };
    }
}

/// The name of a parameter, which is the first text in the method that expects it.
fn first_text(tokens: TokenStream) -> Option<Literal> {
    tokens.into_iter().find_map(|token| match token {
        TokenTree::Group(group) => first_text(group.stream()),
        TokenTree::Literal(literal) if literal.to_string().starts_with('"') => Some(literal),
        _ => None,
    })
}

/// A name in whatever case.
fn letters(name: &str) -> String {
    let letters = name.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|letter| letter.to_ascii_lowercase()).collect()
}
