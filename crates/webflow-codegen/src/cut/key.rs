//! What identifies an operation in every version of the description: its method and path.

/// The methods of the operations that a client can have.
pub const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// The identity of an operation: the method, and the path without the names of its parameters and
/// without a slash at its end.
#[must_use]
pub fn key(method: &str, path: &str) -> String {
    let path = blanked(path.strip_suffix('/').unwrap_or(path));
    format!("{} {path}", method.to_ascii_uppercase())
}

/// A path template without the names of its parameters.
#[must_use]
pub fn blanked(path: &str) -> String {
    let parts = path.split(['{', '}']).enumerate();
    parts
        .map(|(index, part)| if index % 2 == 1 { "{}" } else { part })
        .collect()
}
