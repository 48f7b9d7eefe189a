//! The generated client, and what is changed in it.

use std::collections::{BTreeMap, BTreeSet};

use openapiv3::OpenAPI;
use proc_macro2::{Group, Literal, TokenStream, TokenTree};
use progenitor::{GenerationSettings, Generator};
use quote::ToTokens;
use serde_json::{Map, Value};
use syn::{
    Attribute, Ident, Item, Path, Token, parse::Parser, parse_quote, punctuated::Punctuated,
};

use super::description::Description;
use crate::error::{Error, Result};

/// The client of a description whose responses are folded.
pub(super) fn generate(
    file: &str,
    folded: &OpenAPI,
    settings: &GenerationSettings,
) -> Result<syn::File> {
    let tokens = Generator::new(settings)
        .generate_tokens(folded)
        .map_err(|e| Error::new(file, "could not be generated").because(e))?;
    parse(short_names(tokens))
}

/// Generated code as items.
pub(super) fn parse(tokens: TokenStream) -> Result<syn::File> {
    syn::parse2(tokens).map_err(|e| Error::new("generated code", "could not be parsed").because(e))
}

/// The text of generated code, in the form in which people read it, and without lints.
pub(super) fn print(mut file: syn::File) -> String {
    let allow: Attribute = parse_quote!(#[allow(
        missing_debug_implementations,
        missing_docs,
        unreachable_pub,
        unused_imports,
        clippy::all,
        clippy::nursery,
        clippy::pedantic,
        rustdoc::all
    )]);
    for item in &mut file.items {
        let attributes = match item {
            Item::Enum(item) => &mut item.attrs,
            Item::Impl(item) => &mut item.attrs,
            Item::Mod(item) => &mut item.attrs,
            Item::Struct(item) => &mut item.attrs,
            Item::Trait(item) => &mut item.attrs,
            Item::Use(item) => &mut item.attrs,
            _ => continue,
        };
        attributes.push(allow.clone());
    }
    prettyplease::unparse(&file)
}

/// The items of a module.
pub(super) fn module<'a>(items: &'a [Item], name: &str) -> Result<&'a [Item]> {
    let module = items.iter().find_map(|item| match item {
        Item::Mod(module) if module.ident == name => module.content.as_ref(),
        _ => None,
    });
    module
        .map(|(_, items)| &items[..])
        .ok_or_else(|| Error::new("generated code", format!("has no module `{name}`")))
}

/// The items of the module `types`, to change.
fn types_mut(file: &mut syn::File) -> impl Iterator<Item = &mut Vec<Item>> {
    file.items.iter_mut().filter_map(|item| match item {
        Item::Mod(module) if module.ident == "types" => {
            module.content.as_mut().map(|(_, items)| items)
        }
        _ => None,
    })
}

fn attributes(item: &mut Item) -> Option<(&Ident, &mut Vec<Attribute>)> {
    match item {
        Item::Struct(item) => Some((&item.ident, &mut item.attrs)),
        Item::Enum(item) => Some((&item.ident, &mut item.attrs)),
        _ => None,
    }
}

/// Makes every type that occurs in a response `#[non_exhaustive]`: a field or variant that the
/// description gains is then no breaking change.
pub(super) fn grow(file: &mut syn::File) -> Result<()> {
    let mut uses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for item in module(&file.items, "types")? {
        let (ident, fields) = match item {
            Item::Struct(item) => (&item.ident, item.fields.to_token_stream()),
            Item::Enum(item) => (&item.ident, item.variants.to_token_stream()),
            _ => continue,
        };
        names(fields, uses.entry(ident.to_string()).or_default());
    }
    let mut reached = BTreeSet::new();
    for item in module(&file.items, "builder")? {
        let Item::Impl(item) = item else { continue };
        for member in &item.items {
            match member {
                syn::ImplItem::Fn(method) if method.sig.ident == "send" => {
                    names(method.sig.output.to_token_stream(), &mut reached);
                }
                _ => {}
            }
        }
    }
    let mut queue: Vec<_> = reached.iter().cloned().collect();
    while let Some(name) = queue.pop() {
        let uses = uses.get(&name).into_iter().flatten();
        queue.extend(uses.filter(|name| reached.insert((*name).clone())).cloned());
    }
    for item in types_mut(file).flatten() {
        if let Some((name, attributes)) = attributes(item)
            && reached.contains(&name.to_string())
        {
            attributes.push(parse_quote!(#[non_exhaustive]));
        }
    }
    Ok(())
}

/// Hides the constructor `new` from the documentation: its HTTP client follows redirects and has
/// other time limits than the context. `new_with_client` takes the one of the caller.
pub(super) fn hide_new(file: &mut syn::File) {
    let members = file.items.iter_mut().filter_map(|item| match item {
        Item::Impl(item) if item.trait_.is_none() => Some(&mut item.items),
        _ => None,
    });
    for member in members.flatten() {
        if let syn::ImplItem::Fn(function) = member
            && function.sig.ident == "new"
        {
            function.attrs.push(parse_quote!(#[doc(hidden)]));
        }
    }
}

/// The names of generated types in code: identifiers that follow `types::`, or no path at all.
fn names(tokens: TokenStream, found: &mut BTreeSet<String>) {
    let (mut last, mut colons) = (String::new(), 0);
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => {
                let name = ident.to_string();
                if colons < 2 || last == "types" {
                    found.insert(name.clone());
                }
                (last, colons) = (name, 0);
            }
            TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
            token => {
                (last, colons) = (String::new(), 0);
                if let TokenTree::Group(group) = token {
                    names(group.stream(), found);
                }
            }
        }
    }
}

/// Derives a trait for every type that does not derive it yet.
pub(super) fn derive(file: &mut syn::File, path: &str) -> Result<()> {
    let path: Path =
        syn::parse_str(path).map_err(|e| Error::new(path, "is no path of a trait").because(e))?;
    let name = path.segments.last().map(|segment| &segment.ident);
    let derived = |attribute: &Attribute| {
        let paths = Punctuated::<Path, Token![,]>::parse_terminated;
        let paths = attribute
            .path()
            .is_ident("derive")
            .then(|| attribute.parse_args_with(paths));
        let paths = paths.and_then(syn::Result::ok).into_iter().flatten();
        paths
            .into_iter()
            .any(|path| path.segments.last().map(|segment| &segment.ident) == name)
    };
    for item in types_mut(file).flatten() {
        if let Some((_, attributes)) = attributes(item)
            && !attributes.iter().any(derived)
        {
            attributes.push(parse_quote!(#[derive(#path)]));
        }
    }
    Ok(())
}

/// Says in the derived schemas what the generated code checks by hand, and the derive cannot see.
pub(super) fn add_limits(
    raw: &Description,
    file: &mut syn::File,
    is_elsewhere: impl Fn((&str, &Value)) -> bool,
) -> Result<()> {
    for (name, schema) in raw.schemas() {
        let limits: Vec<String> = ["pattern", "minLength", "maxLength"]
            .iter()
            .filter_map(|key| Some(format!("{key:?} = {}", schema.get(key)?)))
            .collect();
        if limits.is_empty() || is_elsewhere((name, schema)) {
            continue;
        }
        let attribute = format!("#[schemars(extend({}))]", limits.join(", "));
        let place = format!("{}#/components/schemas/{name}", raw.file);
        let attribute = Attribute::parse_outer
            .parse_str(&attribute)
            .map_err(|e| Error::new(&place, "has a limit that is no literal").because(e))?;
        types_mut(file)
            .flatten()
            .filter_map(attributes)
            .find_map(|(ident, attributes)| (ident == name).then_some(attributes))
            .ok_or_else(|| Error::new(&place, "has no type of its name"))?
            .extend(attribute);
    }
    Ok(())
}

/// Names types that are written by hand in the module `types`, where their schemas say they are.
pub(super) fn name_replacements(
    raw: &Description,
    file: &mut syn::File,
    replacements: &[(String, String)],
) -> Result<()> {
    for (name, path) in replacements {
        if raw.schemas().all(|(schema, _)| schema != name) {
            return Err(Error::new(
                "/components/schemas",
                format!("has no schema `{name}` to replace"),
            ));
        }
        let item = format!("pub use {path} as {name};");
        let item: Item = syn::parse_str(&item)
            .map_err(|e| Error::new(path, "is no path of a type").because(e))?;
        for types in types_mut(file) {
            types.push(item.clone());
        }
    }
    Ok(())
}

/// Checks in the generated types that secrets are redacted.
pub(super) fn check_secrets(raw: &Description, file: &syn::File) -> Result<()> {
    let types = module(&file.items, "types")?;
    for (name, schema) in raw.schemas() {
        let properties = schema.get("properties").and_then(Value::as_object);
        let secrets = properties
            .into_iter()
            .flat_map(Map::values)
            .chain(schema.get("additionalProperties"))
            .filter(|property| property.get("format").and_then(Value::as_str) == Some("password"))
            .count();
        let fields = types.iter().find_map(|item| match item {
            Item::Struct(item) if item.ident == name => Some(&item.fields),
            _ => None,
        });
        // A shared type is checked where it is generated.
        let Some(fields) = fields else { continue };
        let redacted = fields.iter().filter(|field| is_secret(field)).count();
        if redacted != secrets {
            let message = format!("has {secrets} secrets, of which {redacted} are redacted");
            return Err(Error::new(format!("/components/schemas/{name}"), message));
        }
    }
    Ok(())
}

fn is_secret(field: &syn::Field) -> bool {
    let ty = field.ty.to_token_stream().to_string();
    ty.contains("webflow_assets :: Secret")
}

/// Names a type in messages as people call it: ``conversion to `SiteId` for …``, without the path
/// of a type that the schema is replaced with.
fn short_names(tokens: TokenStream) -> TokenStream {
    let short = |token| match token {
        TokenTree::Group(group) => {
            let mut new = Group::new(group.delimiter(), short_names(group.stream()));
            new.set_span(group.span());
            TokenTree::Group(new)
        }
        TokenTree::Literal(literal) => {
            let text = literal.to_string();
            let name = text
                .strip_prefix("\"conversion to `")
                .and_then(|rest| rest.split_once('`'))
                .and_then(|(path, rest)| Some((path.rsplit_once("::")?.1, rest)));
            TokenTree::Literal(match name {
                Some((name, rest)) => {
                    let text = format!("conversion to `{name}`{}", rest.trim_end_matches('"'));
                    Literal::string(&text)
                }
                None => literal,
            })
        }
        token => token,
    };
    tokens.into_iter().map(short).collect()
}
