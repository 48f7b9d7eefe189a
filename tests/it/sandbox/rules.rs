//! Rules as text, and what makes no rule.

use std::collections::BTreeSet;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{HeaderName, HeaderValue, RETRY_AFTER};
use webflow_assets::sandbox::{
    Answer, AnswerBody, DuplicateAnswer, Fault, Operation, Rule, RuleError,
};

fn rule(text: &str) -> Result<Rule, RuleError> {
    text.parse()
}

fn built(operation: Operation, fault: Fault) -> Rule {
    Rule::new(operation, fault).expect("a rule")
}

#[test]
fn every_fault_has_one_text() {
    use Operation::{CreateAsset, DeleteAsset, GetAsset, PostObject};
    let busy = Answer::new(StatusCode::TOO_MANY_REQUESTS).header(
        RETRY_AFTER,
        HeaderValue::from_static("Sun, 06 Nov 1994 08:49:37 GMT"),
    );
    let page = Answer::new(StatusCode::BAD_GATEWAY).body(AnswerBody::Html);
    let slow = Answer::new(StatusCode::BAD_REQUEST)
        .body(AnswerBody::Document(Some("RequestTimeout".to_owned())));
    let empty = Answer::new(StatusCode::OK).body(AnswerBody::Empty);
    let cut = Answer::new(StatusCode::OK)
        .header(HeaderName::from_static("x-a"), HeaderValue::from_static(""))
        .body(AnswerBody::Bytes(r#"{"id": 100%*2, "#.into()));
    let table = [
        (
            CreateAsset,
            Fault::Answer(Answer::new(StatusCode::SERVICE_UNAVAILABLE)),
            "create:503",
        ),
        (
            CreateAsset,
            Fault::Answer(busy),
            "create:429,retry-after=Sun%2C 06 Nov 1994 08:49:37 GMT",
        ),
        (CreateAsset, Fault::Answer(page), "create:502,html"),
        (GetAsset, Fault::Answer(empty), "get:200,empty"),
        (
            GetAsset,
            Fault::Answer(cut),
            r#"get:200,x-a=,body={"id": 100%25%2A2%2C "#,
        ),
        (
            PostObject,
            Fault::EarlyRefusal(slow),
            "post:early-refusal=400,code=RequestTimeout",
        ),
        (
            DeleteAsset,
            Fault::Delay(Duration::from_millis(1500)),
            "delete:delay=1s500ms",
        ),
        (
            DeleteAsset,
            Fault::Delay(Duration::from_secs(60)),
            "delete:delay=1m",
        ),
        (DeleteAsset, Fault::Delay(Duration::ZERO), "delete:delay=0s"),
        (
            GetAsset,
            Fault::NotYet(Duration::from_micros(7)),
            "get:not-yet=7µs",
        ),
        (
            GetAsset,
            Fault::Late(Duration::from_secs(90)),
            "get:late=1m30s",
        ),
        (PostObject, Fault::Flip, "post:flip"),
        (
            CreateAsset,
            Fault::ShortPolicy(Duration::from_nanos(1)),
            "create:short-policy=1ns",
        ),
        (CreateAsset, Fault::TruncatedBody, "create:truncated-body"),
        (DeleteAsset, Fault::StallMidBody, "delete:stall-mid-body"),
        (
            GetAsset,
            Fault::StallBeforeAnswer,
            "get:stall-before-answer",
        ),
        (PostObject, Fault::StallReading, "post:stall-reading"),
        (CreateAsset, Fault::ResetBefore, "create:reset-before"),
        (PostObject, Fault::ResetAfter, "post:reset-after"),
        (PostObject, Fault::WrongEtag, "post:wrong-etag"),
        (CreateAsset, Fault::ExpiredPolicy, "create:expired-policy"),
        (
            CreateAsset,
            Fault::Duplicate(DuplicateAnswer::WithForm),
            "create:duplicate=with-form",
        ),
        (
            CreateAsset,
            Fault::Duplicate(DuplicateAnswer::WithoutForm),
            "create:duplicate=without-form",
        ),
    ];
    for (operation, fault, text) in table {
        for (rule_, times) in [
            (built(operation, fault.clone()), ""),
            (built(operation, fault.clone()).times(2), "*2"),
            (built(operation, fault.clone()).forever(), "*forever"),
            (built(operation, fault.clone()).with_chance(50_000), "*5%"),
            (built(operation, fault.clone()).with_chance(1), "*0.0001%"),
        ] {
            let text = format!("{text}{times}");
            assert_eq!(rule_.to_string(), text);
            assert_eq!(rule(&text), Ok(rule_), "{text}");
        }
    }
}

#[test]
fn every_operation_has_one_name() {
    let names = Operation::ALL.map(|operation| operation.to_string());
    assert_eq!(
        names,
        [
            "create",
            "post",
            "get",
            "delete",
            "list",
            "update",
            "list-folders",
            "create-folder",
            "get-folder",
            "list-sites",
            "introspect",
        ]
    );
    for (operation, name) in Operation::ALL.into_iter().zip(names) {
        assert_eq!(name.parse(), Ok(operation));
        let reset = rule(&format!("{name}:reset-after")).expect("a rule");
        assert_eq!(reset, built(operation, Fault::ResetAfter));
    }
}

#[test]
fn what_is_left_out_or_spelt_otherwise_is_understood() {
    for (text, same) in [
        ("create:503*1", "create:503"),
        ("create:503*007", "create:503*7"),
        ("create:503*05.50%", "create:503*5.5%"),
        ("create:503*100.0000%", "create:503*100%"),
        ("get:delay=2000ms", "get:delay=2s"),
        ("get:delay=60s", "get:delay=1m"),
        ("get:delay=1.5s", "get:delay=1s500ms"),
        ("get:404,Retry-After=1", "get:404,retry-after=1"),
        ("get:404,body=%61%2f", "get:404,body=a/"),
    ] {
        assert_eq!(rule(text).expect("a rule").to_string(), same);
    }
}

#[test]
fn what_is_no_chance_is_told_what_would_be() {
    for percent in [
        "",
        "-1",
        "+1",
        "1e1",
        ".5",
        "5.",
        "0.0",
        "0.00001",
        "101",
        "4294967296",
        "0.-5",
        "5%",
    ] {
        let error = rule(&format!("get:404*{percent}%")).expect_err(percent);
        assert_eq!(
            error.to_string(),
            format!(
                "`{percent}%` is no chance: expected 0.0001% to 100%, with four decimals at the most"
            )
        );
    }
}

#[test]
fn a_rule_tells_how_often_it_hits() {
    for (text, remaining, chance) in [
        ("get:404", Some(1), None),
        ("get:404*3", Some(3), None),
        ("get:404*forever", None, None),
        ("get:404*12.3456%", None, Some(123_456)),
    ] {
        let rule = rule(text).expect("a rule");
        assert_eq!((rule.remaining(), rule.chance()), (remaining, chance));
    }
    let fault = Fault::ResetBefore;
    let sure = built(Operation::GetAsset, fault).with_chance(u32::MAX);
    assert_eq!(sure.to_string(), "get:reset-before*100%");
}

#[test]
fn any_byte_travels_as_text() {
    let bytes: Vec<u8> = (0..=255).collect();
    let value: Vec<u8> = (0..=255)
        .filter(|byte| *byte == 9 || (*byte >= 32 && *byte != 127))
        .collect();
    let answer = Answer::new(StatusCode::OK)
        .header(
            HeaderName::from_static("x-any"),
            HeaderValue::from_bytes(&value).expect("a header value"),
        )
        .body(AnswerBody::Bytes(bytes.into()));
    let built = built(Operation::GetAsset, Fault::Answer(answer));
    let text = built.to_string();
    assert!(text.bytes().all(|byte| (32..127).contains(&byte)), "{text}");
    assert_eq!(rule(&text), Ok(built));
}

fn assert_messages(table: &[(&str, &str)]) {
    for (text, message) in table {
        let error = rule(text).expect_err(text);
        assert_eq!(error.to_string(), *message, "{text}");
    }
}

#[test]
fn an_error_names_the_part_that_is_wrong() {
    let table = [
        ("", "`` is no rule: expected `operation:fault`"),
        ("503", "`503` is no rule: expected `operation:fault`"),
        (
            "put:503",
            "`put` is no operation: expected create, post, get, delete, list, update, list-folders, \
             create-folder, get-folder, list-sites or introspect",
        ),
        (
            "Create:503",
            "`Create` is no operation: expected create, post, get, delete, list, update, list-folders, \
             create-folder, get-folder, list-sites or introspect",
        ),
        (
            "create:503*0",
            "`0` is no count: expected a number from 1, a chance such as `5%`, or `forever`",
        ),
        (
            "create:503*+1",
            "`+1` is no count: expected a number from 1, a chance such as `5%`, or `forever`",
        ),
        (
            "create:503*",
            "`` is no count: expected a number from 1, a chance such as `5%`, or `forever`",
        ),
        (
            "create:503*4294967296",
            "`4294967296` is no count: expected a number from 1, a chance such as `5%`, or `forever`",
        ),
        (
            "create:503*0%",
            "`0%` is no chance: expected 0.0001% to 100%, with four decimals at the most",
        ),
        (
            "create:503*100.0001%",
            "`100.0001%` is no chance: expected 0.0001% to 100%, with four decimals at the most",
        ),
        ("create:99", "`99` is no status: expected 200 to 999"),
        ("create:1000", "`1000` is no status: expected 200 to 999"),
        ("create:5x3", "`5x3` is no status: expected 200 to 999"),
        ("create:103", "status 103 does not end a request"),
        (
            "create:early-refusal",
            "`early-refusal` takes a status, as in `early-refusal=403`",
        ),
        (
            "create:early-refusal=x",
            "`x` is no status: expected 200 to 999",
        ),
        (
            "create:delay",
            "`delay` takes a duration, as in `delay=250ms`",
        ),
        (
            "create:delay=5",
            "`5` is not a duration: expected one such as 250ms, 2s or 1m",
        ),
        (
            "create:delay=-1s",
            "`-1s` is not a duration: expected one such as 250ms, 2s or 1m",
        ),
        (
            "create:delay=18446744073709551616s",
            "`18446744073709551616s` is not a duration: expected one such as 250ms, 2s or 1m",
        ),
        (
            "create:reset-after=1s",
            "`reset-after` takes no value, not `1s`",
        ),
        (
            "create:duplicate",
            "`duplicate` takes `with-form` or `without-form`, as in `duplicate=with-form`",
        ),
        (
            "create:duplicate=x",
            "`x` is neither `with-form` nor `without-form`",
        ),
        ("create:wrong-etag", "`wrong-etag` hits post, not create"),
        (
            "get:stall-reading",
            "`stall-reading` hits create, post, update and create-folder, not get",
        ),
        (
            "get:expired-policy",
            "`expired-policy` hits create and post, not get",
        ),
        ("delete:not-yet=1s", "`not-yet` hits get, not delete"),
    ];
    assert_messages(&table);
}

#[test]
fn an_error_in_an_answer_names_the_part_that_is_wrong() {
    let table = [
        (
            "get:404,content-length=7",
            "the header `content-length` cannot be set",
        ),
        ("get:404,a b=7", "`a b` is no header name"),
        ("get:404,x-a=%0A", "`%0A` is no value for the header `x-a`"),
        (
            "get:404,body=100%",
            "`100%` has a `%` without two hexadecimal digits: write `%25` for the sign itself",
        ),
        ("get:404,code=%FF", "the code `%FF` is not UTF-8"),
        (
            "get:404,html,empty",
            "`404,html,empty` has more than one of `code`, `body`, `html` and `empty`",
        ),
        (
            "get:404,json",
            "`json` is no part of an answer: expected `header=value`, `code=`, `body=`, `html` or `empty`",
        ),
    ];
    for (text, message) in table {
        assert_eq!(rule(text).expect_err(text).to_string(), message, "{text}");
    }
}

#[test]
fn an_unknown_fault_is_told_all_that_there_are() {
    let message = rule("create:reset").expect_err("no rule").to_string();
    assert!(
        message.starts_with("`reset` is no fault: expected a status, "),
        "{message}"
    );
    for fault in &Fault::all()[1..] {
        assert!(message.contains(fault.name()), "{fault}");
    }
}

#[test]
fn one_fault_of_each_kind_reads_back_and_hits_what_it_says() {
    let all = Fault::all();
    let names: BTreeSet<&str> = all.iter().map(Fault::name).collect();
    assert_eq!(names.len(), all.len());
    for fault in &all {
        for operation in Operation::ALL {
            let parsed = rule(&format!("{operation}:{fault}"));
            assert_eq!(parsed.is_ok(), fault.hits().contains(&operation), "{fault}");
            let expected = Rule::new(operation, fault.clone());
            assert_eq!(parsed, expected);
        }
    }
}

#[test]
fn what_cannot_be_sent_or_read_back_makes_no_rule() {
    for name in ["content-length", "transfer-encoding", "body", "code"] {
        let answer = Answer::new(StatusCode::OK)
            .header(HeaderName::from_static(name), HeaderValue::from_static("1"));
        let error = Rule::new(Operation::GetAsset, Fault::Answer(answer)).expect_err(name);
        assert_eq!(
            error.to_string(),
            format!("the header `{name}` cannot be set")
        );
    }
    let early = Fault::EarlyRefusal(Answer::new(StatusCode::CONTINUE));
    assert!(Rule::new(Operation::PostObject, early).is_err());
}
