//! Built-in names for the types that many parts of Webflow's API share.

/// The schema of every error.
pub(super) const ERROR: &str = "ApiError";

/// The types of responses that several operations have, each with fields that no other type has
/// together; `a/b` is the field `b` of the field `a`. The first one that fits names a type: those
/// with more fields come first.
#[rustfmt::skip]
const TYPES: [(&str, &[&str]); 39] = [
    ("FontUploadDetails", &["Content-MD5", "Policy", "X-Amz-Signature"]),
    ("UploadDetails", &["Policy", "X-Amz-Signature"]),
    ("Asset", &["contentType", "hostedUrl", "originalFileName", "siteId"]),
    ("AssetVariant", &["hostedUrl", "originalFileName", "width"]),
    ("AssetFolder", &["assets", "displayName", "siteId"]),
    ("Site", &["customDomains", "previewUrl", "shortName"]),
    ("SiteLocales", &["primary", "secondary"]),
    ("Locale", &["displayName", "subdirectory", "tag"]),
    ("CustomDomain", &["id", "lastPublished", "url"]),
    ("Redirect", &["fromUrl", "toUrl"]),
    ("RobotsTxt", &["rules", "sitemap"]),
    ("RobotsRule", &["allows", "disallows", "userAgent"]),
    ("Page", &["openGraph", "seo", "siteId", "slug"]),
    ("Script", &["hostedLocation", "integrityHash"]),
    ("CustomCode", &["createdOn", "lastUpdated", "scripts"]),
    ("AppliedScript", &["attributes", "id", "location", "version"]),
    ("Form", &["fields", "responseSettings", "siteId"]),
    ("FormSubmission", &["dateSubmitted", "formResponse"]),
    ("CustomFont", &["fileName", "fontDisplay", "fontFamily"]),
    ("FontAxis", &["defaultValue", "max", "min", "tag"]),
    ("Webhook", &["filter", "triggerType", "url"]),
    ("Comment", &["author", "content", "mentionedUsers"]),
    ("Person", &["email", "name"]),
    ("Collection", &["displayName", "singularName", "slug"]),
    ("Field", &["helpText", "isEditable", "isRequired", "slug"]),
    ("Product", &["cmsLocaleId", "fieldData/shippable", "fieldData/tax-category"]),
    ("Item", &["cmsLocaleId", "fieldData", "isArchived", "isDraft"]),
    ("ProductAndSkus", &["product", "skus"]),
    ("Sku", &["cmsLocaleId", "fieldData", "id"]),
    ("SkuProperty", &["enum", "id", "name"]),
    ("SkuValue", &["id", "name", "slug"]),
    ("Order", &["customerPaid", "netAmount", "orderId"]),
    ("Address", &["addressee", "city", "country"]),
    ("Price", &["currency", "unit", "value"]),
    ("Money", &["string", "unit", "value"]),
    ("Amount", &["unit", "value"]),
    ("Inventory", &["inventoryType", "quantity"]),
    ("Pagination", &["limit", "offset", "total"]),
    ("RichText", &["html", "text"]),
];

/// Types that are named by their place, in every part of the API.
const PLACES: [(&str, &str); 1] = [("ApiError.code", "ErrorCode")];

/// The name of a type of responses with these fields.
pub(super) fn type_name(place: &str, has: impl Fn(&str) -> bool) -> Option<&'static str> {
    let by_place = PLACES.iter().find(|(known, _)| *known == place);
    let by_fields = || {
        let mut types = TYPES.iter();
        types.find(|(_, fields)| fields.iter().all(|field| has(field)))
    };
    let name = by_place.map(|(_, name)| *name);
    name.or_else(|| by_fields().map(|(name, _)| *name))
}

/// The name of the response that all operations share for a status.
pub(super) fn response_name(status: &str) -> String {
    let name = match status {
        "400" => "BadRequest",
        "401" => "Unauthorized",
        "403" => "Forbidden",
        "404" => "NotFound",
        "409" => "Conflict",
        "413" => "PayloadTooLarge",
        "429" => "TooManyRequests",
        "500" => "InternalError",
        "502" => "BadGateway",
        "503" => "ServiceUnavailable",
        _ => return format!("Status{status}"),
    };
    name.to_owned()
}

/// The codes of errors, for descriptions that list none.
#[rustfmt::skip]
pub(super) const CODES: [&str; 30] = [
    "bad_request", "collection_not_found", "conflict", "duplicate_collection",
    "duplicate_user_email", "ecommerce_not_enabled", "forbidden", "forms_require_republish",
    "incompatible_webhook_filter", "internal_error", "invalid_auth_version",
    "invalid_credentials", "invalid_domain", "invalid_user_email", "item_not_found",
    "missing_scopes", "no_domains", "not_authorized", "not_enterprise_plan_site",
    "not_enterprise_plan_workspace", "order_not_found", "resource_not_found",
    "service_unavailable", "too_many_requests", "unsupported_version",
    "unsupported_webhook_trigger_type", "user_limit_reached", "user_not_found",
    "users_not_enabled", "validation_error",
];
