use proptest::prelude::*;
use serde_json::json;

use super::message::NUMBER_KEY;
use super::*;
use crate::fixture::{ask, ask_as, table};

/// Each body with its status and reply.
async fn check(cases: &[(&str, &str)]) {
    let table = table();
    for (body, expected) in cases {
        assert_eq!(ask(&table, body).await, *expected, "for {body}");
    }
}

#[tokio::test]
async fn version_one_answers_both_fields() {
    check(&[
        (
            r#"{"method":"getcount","id":1}"#,
            r#"200 {"result":7,"error":null,"id":1}"#,
        ),
        (
            r#"{"method":"getcount"}"#,
            r#"200 {"result":7,"error":null}"#,
        ),
        (
            r#"{"version":"1.1","method":"getcount","params":[],"id":"a"}"#,
            r#"200 {"result":7,"error":null,"id":"a"}"#,
        ),
        (
            r#"{"jsonrpc":"1.0","method":"getcount","params":null,"id":[1]}"#,
            r#"200 {"result":7,"error":null,"id":[1]}"#,
        ),
        (
            r#"{"method":"nothing","id":2}"#,
            r#"404 {"result":null,"error":{"code":-32601,"message":"Method not found"},"id":2}"#,
        ),
        (
            r#"{"method":"getprice","params":[9],"id":2}"#,
            r#"500 {"result":null,"error":{"code":-8,"message":"No such place"},"id":2}"#,
        ),
        (
            r#"{"method":"getprice","params":{"place":0,"with_tax":false},"id":2}"#,
            r#"200 {"result":1.50000000,"error":null,"id":2}"#,
        ),
    ])
    .await;
}

#[tokio::test]
async fn version_two_answers_one_field_and_always_200() {
    check(&[
        (
            r#"{"jsonrpc":"2.0","method":"getcount","id":1}"#,
            r#"200 {"jsonrpc":"2.0","result":7,"id":1}"#,
        ),
        (
            r#"{"jsonrpc":"2.0","method":"getcount","id":null}"#,
            r#"200 {"jsonrpc":"2.0","result":7,"id":null}"#,
        ),
        (
            r#"{"jsonrpc":"2.0","method":"nothing","id":1}"#,
            r#"200 {"jsonrpc":"2.0","error":{"code":-32601,"message":"Method not found"},"id":1}"#,
        ),
        (
            r#"{"jsonrpc":"2.0","method":"getprice","params":[9],"id":1}"#,
            r#"200 {"jsonrpc":"2.0","error":{"code":-8,"message":"No such place"},"id":1}"#,
        ),
        (r#"{"jsonrpc":"2.0","method":"getcount"}"#, "204"),
        (r#"{"jsonrpc":"2.0","method":"nothing"}"#, "204"),
        (
            r#"{"jsonrpc":"2.0","method":"getprice","params":[9]}"#,
            "204",
        ),
    ])
    .await;
}

#[tokio::test]
async fn malformed_requests_say_what_is_wrong() {
    check(&[
        ("", PARSE_ERROR),
        ("this is bad", PARSE_ERROR),
        ("{", PARSE_ERROR),
        ("{} x", PARSE_ERROR),
        ("5", TOP_LEVEL),
        ("null", TOP_LEVEL),
        ("\"x\"", TOP_LEVEL),
        ("{}", r#"400 {"result":null,"error":{"code":-32600,"message":"Missing method"}}"#),
        (
            r#"{"method":1,"id":3}"#,
            r#"400 {"result":null,"error":{"code":-32600,"message":"Method must be a string"},"id":3}"#,
        ),
        (
            r#"{"jsonrpc":2,"method":"getcount"}"#,
            r#"400 {"result":null,"error":{"code":-32600,"message":"jsonrpc field must be a string"}}"#,
        ),
        (
            r#"{"jsonrpc":"3.0","method":"getcount"}"#,
            r#"400 {"result":null,"error":{"code":-32600,"message":"JSON-RPC version not supported"}}"#,
        ),
        (
            r#"{"method":"getcount","params":5,"id":3}"#,
            r#"400 {"result":null,"error":{"code":-32600,"message":"Params must be an array or object"},"id":3}"#,
        ),
        (
            r#"{"method":"getcount","params":"x","id":3}"#,
            r#"400 {"result":null,"error":{"code":-32600,"message":"Params must be an array or object"},"id":3}"#,
        ),
    ])
    .await;
}

const PARSE_ERROR: &str =
    r#"500 {"result":null,"error":{"code":-32700,"message":"Parse error"},"id":null}"#;
const TOP_LEVEL: &str = r#"500 {"result":null,"error":{"code":-32700,"message":"Top-level object parse error"},"id":null}"#;

#[tokio::test]
async fn batches_mix_versions_and_keep_order() {
    check(&[
        ("[]", "200 []"),
        (
            r#"[{"method":"getcount","id":1},{"jsonrpc":"2.0","method":"nothing","id":2},{"pizza":1,"id":3}]"#,
            concat!(
                r#"200 [{"result":7,"error":null,"id":1},"#,
                r#"{"jsonrpc":"2.0","error":{"code":-32601,"message":"Method not found"},"id":2},"#,
                r#"{"result":null,"error":{"code":-32600,"message":"Missing method"},"id":3}]"#
            ),
        ),
        (
            r#"[{"jsonrpc":"2.0","method":"getcount"},{"jsonrpc":"2.0","method":"getcount","id":5}]"#,
            r#"200 [{"jsonrpc":"2.0","result":7,"id":5}]"#,
        ),
        (r#"[{"jsonrpc":"2.0","method":"getcount"},{"jsonrpc":"2.0","method":"no"}]"#, "204"),
        (
            r#"[1,{"jsonrpc":"2.1","method":"getcount","id":1}]"#,
            concat!(
                r#"200 [{"result":null,"error":{"code":-32600,"message":"Invalid Request object"},"id":null},"#,
                r#"{"result":null,"error":{"code":-32600,"message":"JSON-RPC version not supported"},"id":1}]"#
            ),
        ),
    ])
    .await;
}

#[tokio::test]
async fn numbers_come_back_as_they_were_written() {
    check(&[(
        r#"{"method":"echo","params":[1.10,-0,123456789012345678901234567890],"id":1.50}"#,
        r#"200 {"result":[1.10,-0,123456789012345678901234567890],"error":null,"id":1.50}"#,
    )])
    .await;
}

#[tokio::test]
async fn the_whitelist_is_checked_before_a_batch_runs() {
    let list = Whitelist::parse(["user:getcount,echo", "user:getcount help", "other"], None);
    let table = table();
    for (user, body, status) in [
        ("user", r#"{"method":"getcount"}"#, 200),
        ("user", r#"{"method":"echo"}"#, 403),
        (
            "user",
            r#"[{"method":"getcount"},{"method":"getcount"}]"#,
            200,
        ),
        ("user", r#"[{"method":"getcount"},{"method":"echo"}]"#, 403),
        ("user", r#"[{"method":"getcount"},5]"#, 400),
        ("user", r#"[{"method":5}]"#, 500),
        ("other", r#"{"method":"getcount"}"#, 403),
        ("stranger", r#"{"method":"getcount"}"#, 403),
        ("stranger", "[]", 403),
    ] {
        assert_eq!(
            ask_as(&table, user, &list, body).await.status,
            status,
            "{user} {body}"
        );
    }
    let open = Whitelist::parse(["user:getcount"], Some(false));
    assert_eq!(
        ask_as(&table, "stranger", &open, r#"{"method":"echo"}"#)
            .await
            .status,
        200
    );
    assert_eq!(
        ask_as(&table, "user", &open, r#"{"method":"echo"}"#)
            .await
            .status,
        403
    );
    let closed = Whitelist::parse([], Some(true));
    assert_eq!(
        ask_as(&table, "stranger", &closed, r#"{"method":"echo"}"#)
            .await
            .status,
        403
    );
}

#[test]
fn texts_for_the_log_lose_what_could_forge_a_line() {
    assert_eq!(
        sanitize("getcount\n2026 [rpc] id=<1>"),
        "getcount2026 rpc id1"
    );
}

#[test]
fn a_reply_without_body_is_null_as_text() {
    assert_eq!(Reply::empty(204).text(), "null");
    assert_eq!(
        Reply::json(200, json!({"result": 1})).text(),
        r#"{"result":1}"#
    );
}

#[tokio::test]
async fn a_call_survives_as_text() {
    let check = async |params: Params, expected: RpcResult| {
        let request = Request {
            method: "echo".into(),
            params,
            caller: Caller::default(),
        };
        let reply = ask_as(&table(), "", &Whitelist::default(), &request_text(&request)).await;
        assert_eq!(read_reply(&reply.text()), expected);
    };
    check(
        Params::Positional(vec![json!("\"a\n"), json!(null)]),
        Ok(json!(["\"a\n", null])),
    )
    .await;
    check(
        Params::Named(vec![("arg1".into(), json!({"b": 1}))]),
        Ok(json!([null, {"b": 1}])),
    )
    .await;
    let twice = Params::Named(vec![("arg0".into(), json!(1)), ("arg0".into(), json!(2))]);
    let error = RpcError::invalid_parameter("Parameter arg0 specified multiple times");
    check(twice, Err(error)).await;
    for text in ["", "[]", "{}", r#"{"error":5}"#] {
        assert_eq!(read_reply(text).unwrap_err().code, code::INTERNAL, "{text}");
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        prop_oneof![
            Just("2.0"),
            Just("getcount"),
            Just("sell"),
            Just("echo"),
            Just("é\u{0}")
        ]
        .prop_map(Value::from),
    ];
    let key = prop_oneof![
        Just("jsonrpc"),
        Just("method"),
        Just("params"),
        Just("id"),
        Just("args"),
        Just("arg0"),
        Just("options"),
        Just("discount"),
        Just(NUMBER_KEY),
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        let fields = prop::collection::vec((key.clone(), inner.clone()), 0..6);
        prop_oneof![
            prop::collection::vec(inner, 0..6).prop_map(Value::from),
            fields.prop_map(|fields| {
                Value::Object(
                    fields
                        .into_iter()
                        .map(|(key, value)| (key.into(), value))
                        .collect(),
                )
            }),
        ]
    })
}

fn answer(body: &str) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async { ask(&table(), body).await })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_json_gets_an_answer(body in any_json()) {
        let answer = answer(&body.to_string());
        prop_assert!(["200", "204", "400", "404", "500"].contains(&&answer[..3]), "{}", answer);
    }

    #[test]
    fn any_bytes_get_an_answer(body in ".*") {
        prop_assert!(!answer(&body).is_empty());
    }
}
