//! The kinds of values in an OpenAPI document, so that the keys of a map are not taken for
//! keywords: a field may be called `description`.

/// The kind of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Document,
    Info,
    Server,
    /// The operations of a path.
    PathItem,
    Operation,
    Parameter,
    Header,
    RequestBody,
    Response,
    /// A body in one media type.
    Media,
    Components,
    SecurityScheme,
    Flow,
    NamedSchema,
    /// The schema of a property.
    Property,
    /// Any other schema.
    Schema,
    /// The description of a scope, as a string.
    Scope,
    Map(&'static Shape),
    List(&'static Shape),
    /// A value that is no part of OpenAPI, such as an example.
    Literal,
}

use Shape::{
    Components, Document, Flow, Header, Info, List, Literal, Map, Media, NamedSchema, Operation,
    Parameter, PathItem, Property, RequestBody, Response, Schema, Scope, SecurityScheme, Server,
};

impl Shape {
    /// The shape of the member `key` or, with any key, of an element.
    pub(super) fn child(self, key: &str) -> Self {
        match (self, key) {
            (Map(shape) | List(shape), _) => *shape,
            (PathItem, _) => Operation,
            (Document, "info") => Info,
            (Document, "servers") => List(&Server),
            (Document, "paths") => Map(&PathItem),
            (Document, "components") => Components,
            (Operation, "parameters") => List(&Parameter),
            (Operation, "requestBody") => RequestBody,
            (Operation | Components, "responses") => Map(&Response),
            (Response | Components, "headers") => Map(&Header),
            (RequestBody | Response, "content") => Map(&Media),
            (Components, "securitySchemes") => Map(&SecurityScheme),
            (Components, "parameters") => Map(&Parameter),
            (Components, "schemas") => Map(&NamedSchema),
            (SecurityScheme, "flows") => Map(&Flow),
            (Flow, "scopes") => Map(&Scope),
            (NamedSchema | Property | Schema, "properties") => Map(&Property),
            (Parameter | Header | Media, "schema")
            | (NamedSchema | Property | Schema, "items" | "additionalProperties") => Schema,
            (NamedSchema | Property | Schema, "allOf" | "oneOf") => List(&Schema),
            _ => Literal,
        }
    }

    /// The keywords of this shape whose values are prose or examples.
    pub(super) fn words(self) -> &'static [&'static str] {
        match self {
            Info => &["title", "description"],
            Operation => &["summary", "description"],
            NamedSchema | Property | Parameter => &["description", "example"],
            Server | Header | RequestBody | Response | SecurityScheme => &["description"],
            _ => &[],
        }
    }
}
