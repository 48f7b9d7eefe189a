//! Gives every schema and shared response a name, and defines each once.
//!
//! The generator picks arbitrary names for unnamed schemas, and confuses those with equal names.
//! Here a name depends on the place and the fields of a schema, never on what else is cut out: a
//! part of the description gets the same names as the whole.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::cut::{
    convert::{Side, TITLE},
    fragment::{Fragment, header_name},
    key::{blanked, key},
    lock::Lock,
    merge::{Merge, merge},
    operation::{Operation, Parameter, Response},
    parameter::{component, is_alike, usual},
    profile,
    recipe::Settings,
    references::{reference, with},
    select::Cut,
    shared::{self, ERROR},
    text::pascal,
};

#[derive(Debug)]
struct Named {
    side: Side,
    schema: Map<String, Value>,
}

#[derive(Debug)]
struct Names<'a> {
    settings: &'a Settings,
    lock: &'a Lock,
    given: Lock,
    schemas: BTreeMap<String, Named>,
    /// What most operations say of the parameters that have names, by those.
    usual: BTreeMap<String, Parameter>,
    parameters: BTreeMap<String, Value>,
    headers: BTreeMap<String, Value>,
    responses: BTreeMap<String, Value>,
    notes: BTreeSet<String>,
}

/// Makes a document with components of what was cut out.
pub(super) fn name(cut: Cut, settings: &Settings, lock: &Lock) -> Fragment {
    let mut names = Names {
        settings,
        lock,
        given: Lock::default(),
        schemas: BTreeMap::new(),
        usual: usual(&cut.operations, settings),
        parameters: BTreeMap::new(),
        headers: BTreeMap::new(),
        responses: BTreeMap::new(),
        notes: BTreeSet::new(),
    };
    let mut paths = Map::new();
    for operation in cut.operations {
        let (path, method) = (operation.path.clone(), operation.method.clone());
        let given = &mut names.given.operations;
        given.insert(key(&method, &path), operation.name.clone());
        let given = &mut names.given.paths;
        given.insert(blanked(&path), path.clone());
        let item = paths.entry(path).or_insert_with(|| json!({}));
        item[method] = names.operation(operation);
    }
    let error = json!({ "type": "object", "properties": {} });
    names.schema(Side::Response, error, "", ERROR);
    let schemas = names.schemas.into_iter();
    let schemas: Map<String, Value> = schemas
        .map(|(name, named)| (name, named.schema.into()))
        .collect();
    let document = json!({
        "openapi": "3.0.3",
        "info": cut.info,
        "servers": [{ "url": cut.server }],
        "paths": paths,
        "components": {
            "securitySchemes": cut.security,
            "parameters": names.parameters,
            "headers": names.headers,
            "responses": names.responses,
            "schemas": schemas,
        },
    });
    Fragment {
        document,
        notes: names.notes,
        lock: names.given,
    }
}

impl Names<'_> {
    fn operation(&mut self, operation: Operation) -> Value {
        let name = operation.name.as_str();
        let mut out = operation.words;
        out.insert("operationId".to_owned(), name.into());
        out.insert("security".to_owned(), operation.security);
        if operation.deprecated {
            out.insert("deprecated".to_owned(), true.into());
        }
        let mut parameters = Vec::new();
        for parameter in operation.parameters {
            parameters.push(self.parameter(parameter, name));
        }
        out.insert("parameters".to_owned(), parameters.into());
        if let Some(request) = operation.request {
            let place = format!("{name}.request");
            let default = format!("{}Request", pascal(name));
            let schema = self.schema(Side::Request, request.schema, &place, &default);
            let body = json!({
                "required": request.required,
                "content": { request.media: { "schema": schema } },
            });
            out.insert("requestBody".to_owned(), body);
        }
        let mut responses = Map::new();
        for response in operation.responses {
            let status = response.status.clone();
            let response = if response.is_error() {
                self.error(response)
            } else {
                self.success(response, name)
            };
            responses.insert(status, response);
        }
        out.insert("responses".to_owned(), responses.into());
        out.into()
    }

    /// A parameter: a component if the recipe names it, and inline otherwise.
    fn parameter(&mut self, parameter: Parameter, operation: &str) -> Value {
        let component = component(&parameter, self.settings).map(str::to_owned);
        let usual = component.as_ref().and_then(|name| self.usual.get(name));
        let is_usual = usual.is_some_and(|usual| is_alike(usual, &parameter));
        if let (Some(component), false) = (&component, is_usual) {
            self.notes.insert(format!(
                "`{operation}.{}` is not the `{component}` of most operations; it has a type of its own",
                parameter.name
            ));
        }
        let component = component.filter(|_| is_usual);
        let Parameter {
            name,
            location,
            required,
            schema,
            mut object,
        } = parameter;
        let (place, default) = match &component {
            Some(component) => (format!("{component}.value"), format!("{component}Value")),
            None => (
                format!("{operation}.{location} {name}"),
                format!("{}{}", pascal(operation), pascal(&name)),
            ),
        };
        let schema = self.schema(Side::Request, schema, &place, &default);
        object.insert("name".to_owned(), name.into());
        object.insert("in".to_owned(), location.into());
        object.insert("required".to_owned(), required.into());
        object.insert("schema".to_owned(), schema);
        let object = Value::Object(object);
        let Some(component) = component else {
            return object;
        };
        let reference = reference("parameters", &component);
        self.parameters.entry(component).or_insert(object);
        reference
    }

    fn headers(&mut self, headers: &Map<String, Value>) -> Map<String, Value> {
        let mut out = Map::new();
        for (name, header) in headers {
            let component = header_name(name);
            let header = &profile::header(name).unwrap_or_else(|| header.clone());
            let shared = self.headers.entry(component.clone());
            let is_shared = *shared.or_insert_with(|| header.clone()) == *header;
            let header = if is_shared {
                reference("headers", &component)
            } else {
                header.clone()
            };
            out.insert(name.clone(), header);
        }
        out
    }

    fn success(&mut self, response: Response, operation: &str) -> Value {
        let mut out = Map::new();
        let headers = self.headers(&response.headers);
        if !headers.is_empty() {
            out.insert("headers".to_owned(), headers.into());
        }
        let words = response
            .words
            .map(|words| ("description".to_owned(), words.into()));
        out.extend(words);
        if let Some((media, schema)) = response.body {
            let place = format!("{operation}.response");
            let default = format!("{}Response", pascal(operation));
            let schema = self.schema(Side::Response, schema, &place, &default);
            out.insert("content".to_owned(), json!({ media: { "schema": schema } }));
        }
        out.into()
    }

    /// The response that operations share for a status: every error has one type, whether the
    /// description states a body or not.
    fn error(&mut self, response: Response) -> Value {
        if let Some((_, schema)) = response.body
            && schema.get("properties").is_some()
        {
            self.schema(Side::Response, schema, "", ERROR);
        }
        let component = shared::response_name(&response.status);
        let headers = self.headers(&response.headers);
        let content = json!({
            "application/json": { "schema": reference("schemas", ERROR) },
        });
        let shared = self.responses.entry(component.clone());
        let shared = shared.or_insert_with(|| json!({ "content": content }));
        if !headers.is_empty() {
            let known = &mut shared["headers"];
            if known.is_null() {
                *known = json!({});
            }
            if let Some(known) = known.as_object_mut() {
                known.extend(headers);
            }
        }
        if let (None, Some(words)) = (shared.get("description"), response.words) {
            shared["description"] = words.into();
        }
        reference("responses", &component)
    }

    /// A reference to the component for `schema`, if it is one that needs a name, or else the
    /// schema, in which everything that needs a name has one.
    fn schema(&mut self, side: Side, schema: Value, place: &str, default: &str) -> Value {
        let Value::Object(mut schema) = schema else {
            return schema;
        };
        schema.remove(TITLE);
        let fields = schema.get("properties").and_then(Value::as_object);
        let is_error = default == ERROR && place.is_empty();
        let is_object = is_error || fields.is_some_and(|fields| !fields.is_empty());
        let is_list = schema.get("enum").is_some();
        let is_choice = schema.get("oneOf").is_some();
        if !is_object && !is_list && !is_choice {
            schema.remove("properties");
            for (key, mark) in [("items", "[]"), ("additionalProperties", ".*")] {
                if let Some(values) = schema.get_mut(key) {
                    let place = format!("{place}{mark}");
                    *values = self.schema(side, values.take(), &place, default);
                }
            }
            return schema.into();
        }
        let is_response = side == Side::Response;
        let name = self.name(place, default, |path| {
            let field = path.split('/').try_fold(&schema, |schema, field| {
                schema.get("properties")?.get(field)?.as_object()
            });
            is_response && field.is_some()
        });
        let beside = beside(&mut schema);
        let mut choice = Vec::new();
        if let Some(Value::Array(variants)) = schema.remove("oneOf") {
            for (index, variant) in variants.into_iter().enumerate() {
                let title = variant.get(TITLE).and_then(Value::as_str).map(pascal);
                let title = title.filter(|title| !title.is_empty());
                let title = title.unwrap_or_else(|| untitled(&variant, index));
                // The variant has the name of its type.
                let (place, default) = (format!("{name}.{title}"), format!("{name}{title}"));
                let variant = match variant.get("items") {
                    Some(_) => {
                        let element = format!("{default}Item");
                        let variant = self.schema(side, variant, &place, &element);
                        self.add(side, &default, variant)
                    }
                    None => self.schema(side, variant, &place, &default),
                };
                choice.push(variant);
            }
            schema.insert("oneOf".to_owned(), choice.into());
            schema.remove("type");
        }
        let fields = schema.get_mut("properties").and_then(Value::as_object_mut);
        for (field, value) in fields.into_iter().flatten() {
            let place = format!("{name}.{field}");
            let default = format!("{name}{}", pascal(field));
            *value = self.schema(side, value.take(), &place, &default);
        }
        if let Some(values) = schema.get_mut("additionalProperties") {
            let (place, default) = (format!("{name}.*"), format!("{name}Value"));
            *values = self.schema(side, values.take(), &place, &default);
        }
        let mut reference = self.add(side, &name, schema.into());
        if is_list {
            reference["type"] = "string".into();
        }
        with(reference, beside)
    }

    /// The name of a schema at `place`: from the recipe, the earlier names, its fields, or its
    /// place.
    fn name(&mut self, place: &str, default: &str, has: impl Fn(&str) -> bool) -> String {
        if place.is_empty() {
            return default.to_owned();
        }
        let recipe = self.settings.schemas.get(place).and_then(Value::as_str);
        let locked = self.lock.types.get(place).map(String::as_str);
        let known = recipe.or(locked).or_else(|| shared::type_name(place, has));
        let name = known.map_or_else(|| pascal(default), str::to_owned);
        self.given.types.insert(place.to_owned(), name.clone());
        name
    }

    /// Adds a component, and returns a reference to it. If the name is taken by a different type,
    /// two types of responses become one that has the fields of both (only those of the first, if
    /// they contradict each other); otherwise the new type gets a number after its name.
    fn add(&mut self, side: Side, name: &str, schema: Value) -> Value {
        let Value::Object(schema) = schema else {
            return schema;
        };
        let mut unique = name.to_owned();
        let mut number = 2;
        loop {
            match self.schemas.get_mut(&unique) {
                None => {
                    self.schemas.insert(unique.clone(), Named { side, schema });
                    break;
                }
                Some(named) if named.side == side && named.schema == schema => break,
                Some(named) if named.side == side && side == Side::Response => {
                    let before = named.schema.clone();
                    if merge(&mut named.schema, schema, Merge::Either).is_err() {
                        self.notes.insert(format!(
                            "`{name}` is of several types; it has those of the first"
                        ));
                        named.schema = before;
                    }
                    break;
                }
                Some(_) => {
                    unique = format!("{name}{number}");
                    number += 1;
                }
            }
        }
        if unique != name {
            self.notes.insert(format!(
                "`{name}` is several types; one is called `{unique}`"
            ));
        }
        reference("schemas", &unique)
    }
}

/// The name of a variant without a title: by what it is if possible, so that it stays when another
/// comes before it, and otherwise by its position.
fn untitled(variant: &Value, index: usize) -> String {
    let required = variant.get("required").and_then(Value::as_array);
    let required = required.into_iter().flatten().filter_map(Value::as_str);
    match required.min() {
        Some(field) => format!("With{}", pascal(field)),
        None if variant.get("items").is_some() => "List".to_owned(),
        None => format!("Variant{}", index + 1),
    }
}

/// Removes and returns the keywords about a use of the schema, not about the schema itself.
fn beside(schema: &mut Map<String, Value>) -> Map<String, Value> {
    let mut beside = Map::new();
    for key in ["nullable", "deprecated"] {
        beside.extend(schema.remove(key).map(|value| (key.to_owned(), value)));
    }
    beside
}
