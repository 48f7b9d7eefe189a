//! Parameters that many operations have.

use std::collections::BTreeMap;

use crate::cut::{
    operation::{Operation, Parameter},
    recipe::Settings,
};

/// The name that the recipe gives a parameter.
pub(super) fn component<'a>(parameter: &Parameter, settings: &'a Settings) -> Option<&'a str> {
    let mut known = settings.parameters.iter();
    let known =
        known.find(|known| known.location == parameter.location && known.name == parameter.name);
    known.map(|known| known.component.as_str())
}

/// Whether two parameters differ in words only.
pub(super) fn is_alike(one: &Parameter, other: &Parameter) -> bool {
    let said = |parameter: &Parameter| {
        let mut object = parameter.object.clone();
        object.remove("description");
        (parameter.required, parameter.schema.clone(), object)
    };
    said(one) == said(other)
}

/// The most common form of each parameter that has a name, and of equally common ones the first:
/// one operation that differs does not take the name from the others.
pub(super) fn usual(operations: &[Operation], settings: &Settings) -> BTreeMap<String, Parameter> {
    let mut forms: BTreeMap<&str, Vec<(&Parameter, usize)>> = BTreeMap::new();
    for parameter in operations
        .iter()
        .flat_map(|operation| &operation.parameters)
    {
        if let Some(name) = component(parameter, settings) {
            let forms = forms.entry(name).or_default();
            match forms.iter_mut().find(|(form, _)| is_alike(form, parameter)) {
                Some((_, count)) => *count += 1,
                None => forms.push((parameter, 1)),
            }
        }
    }
    let usual = forms.into_iter().filter_map(|(name, forms)| {
        let most = forms.into_iter().rev().max_by_key(|(_, count)| *count)?;
        Some((name.to_owned(), most.0.clone()))
    });
    usual.collect()
}
