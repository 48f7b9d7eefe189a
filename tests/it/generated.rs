//! The generated code's public signatures, as a reviewer sees them change.

use syn::{File, ImplItem, Item, Visibility, parse_quote};

const CLIENT: &str = include_str!(concat!(env!("OUT_DIR"), "/client.rs"));

#[test]
fn the_generated_signatures_are_those_of_the_snapshot() {
    let mut file: File = syn::parse_str(CLIENT).unwrap();
    strip(&mut file.items);
    insta::assert_snapshot!("signatures", prettyplease::unparse(&file));
}

/// Leaves what a caller can name: no bodies, attributes, private items or implementations of
/// serde's traits.
fn strip(items: &mut Vec<Item>) {
    items.retain_mut(|item| match item {
        Item::Mod(module) => {
            module.attrs.clear();
            if let Some((_, items)) = &mut module.content {
                strip(items);
            }
            public(&module.vis)
        }
        Item::Struct(item) => {
            item.attrs.retain(|a| a.path().is_ident("non_exhaustive"));
            for field in &mut item.fields {
                field.attrs.clear();
            }
            if let syn::Fields::Named(fields) = &mut item.fields {
                fields.named = std::mem::take(&mut fields.named)
                    .into_iter()
                    .filter(|field| public(&field.vis))
                    .collect();
            }
            public(&item.vis)
        }
        Item::Enum(item) => {
            item.attrs.retain(|a| a.path().is_ident("non_exhaustive"));
            for variant in &mut item.variants {
                variant.attrs.clear();
            }
            public(&item.vis)
        }
        Item::Impl(item) => {
            item.attrs.clear();
            let of_trait = item.trait_.is_some();
            item.items.retain_mut(|member| match member {
                ImplItem::Fn(function) => {
                    function.attrs.clear();
                    function.block = parse_quote!({});
                    !of_trait && public(&function.vis)
                }
                _ => false,
            });
            let serde = item.trait_.as_ref().is_some_and(|(path, _)| {
                path.segments.iter().any(|segment| segment.ident == "serde")
            });
            !serde && (of_trait || !item.items.is_empty())
        }
        // Types that are not generated.
        Item::Use(item) => {
            item.attrs.clear();
            public(&item.vis)
        }
        _ => false,
    });
}

fn public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}
