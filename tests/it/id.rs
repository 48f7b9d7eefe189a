//! Ids and digests: what they accept, and how they are written.

use std::collections::{BTreeSet, HashSet};

use proptest::prelude::*;
use serde_json::json;
use webflow_assets::{AssetId, FolderId, IdError, Md5, SiteId, types};

const ID: &str = "64358b9544249dc43d37d2b7";

#[test]
fn an_id_is_one_value_in_either_case() {
    let lower: AssetId = ID.parse().unwrap();
    let upper = AssetId::try_from(ID.to_uppercase()).unwrap();
    assert_eq!(lower, upper);
    assert_eq!(HashSet::from([lower, upper]).len(), 1);
    assert_eq!(BTreeSet::from([lower, upper]).len(), 1);
    assert_eq!(serde_json::to_value(upper).unwrap(), json!(ID));
    assert_eq!(
        serde_json::from_value::<AssetId>(json!(ID.to_uppercase())).unwrap(),
        lower
    );
    assert_eq!(String::from(upper), ID);
    assert_eq!(format!("{upper:?}"), format!("AssetId({ID})"));
    assert_eq!(size_of::<Option<AssetId>>(), 13);
}

#[test]
fn what_is_no_id_is_an_error_that_says_what_is_expected() {
    let long = format!("{ID}0");
    for text in [
        "",
        "..",
        "my-site",
        &ID[1..],
        &long,
        "64358b9544249dc43d37d2bg",
        "６4358b9544249dc43d37d2b",
    ] {
        let error: IdError = text.parse::<SiteId>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "a site id has 24 hexadecimal digits",
            "{text}"
        );
        assert!(
            serde_json::from_value::<FolderId>(json!(text)).is_err(),
            "{text}"
        );
    }
    for value in [json!(null), json!(24), json!([ID])] {
        let error = serde_json::from_value::<AssetId>(value).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("expected an asset id of 24 hexadecimal digits"),
            "{text}"
        );
    }
    let error = ID.parse::<Md5>().unwrap_err();
    assert_eq!(error.to_string(), "an MD5 has 32 hexadecimal digits");
}

#[test]
fn the_generated_types_are_these() {
    let id: types::AssetId = AssetId::try_from(ID).unwrap();
    let md5 = Md5([0x3c; 16]);
    let hash: types::FileHash = md5;
    assert_eq!(id.to_string(), ID);
    assert_eq!(serde_json::to_value(hash).unwrap(), json!("3c".repeat(16)));
}

proptest! {
    #[test]
    fn digits_survive_a_round_trip(digits in "[0-9A-Fa-f]{24}") {
        let id: SiteId = digits.parse().unwrap();
        prop_assert_eq!(id.to_string(), digits.to_lowercase());
        let json = serde_json::to_string(&id).unwrap();
        prop_assert_eq!(serde_json::from_str::<SiteId>(&json).unwrap(), id);
    }

    #[test]
    fn parsing_never_panics(text in "\\PC{0,40}") {
        let hexadecimal = text.len() == 24 && text.bytes().all(|b| b.is_ascii_hexdigit());
        prop_assert_eq!(text.parse::<SiteId>().is_ok(), hexadecimal);
    }
}
