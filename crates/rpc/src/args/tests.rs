use crate::fixture::{ask, table};

/// Each call's params with the echoed arguments, or the error's number and text.
async fn check(method: &str, cases: &[(&str, &str)]) {
    let table = table();
    for (params, expected) in cases {
        let body = format!(r#"{{"method":"{method}","params":{params},"id":1}}"#);
        let answer = ask(&table, &body).await;
        let reply: serde_json::Value = serde_json::from_str(&answer[4..]).unwrap();
        let found = match &reply["error"] {
            serde_json::Value::Null => reply["result"].to_string(),
            error => format!("{} {}", error["code"], error["message"].as_str().unwrap()),
        };
        assert_eq!(found, *expected, "for {method} {params}");
    }
}

#[tokio::test]
async fn named_arguments_find_their_places() {
    check(
        "echo",
        &[
            ("[]", "[]"),
            ("{}", "[]"),
            (r#"{"arg0":1}"#, "[1]"),
            (r#"{"arg1":1}"#, "[null,1]"),
            (r#"{"arg2":3,"arg0":1}"#, "[1,null,3]"),
            (r#"{"args":[1,2]}"#, "[1,2]"),
            (r#"{"args":[1,2],"arg2":3}"#, "[1,2,3]"),
            (r#"{"args":[1],"arg2":3}"#, "[1,null,3]"),
            (
                r#"{"args":[1,2],"arg1":null}"#,
                "-8 Parameter arg1 specified twice both as positional and named argument",
            ),
            (
                r#"{"args":[0],"arg0":0}"#,
                "-8 Parameter arg0 specified twice both as positional and named argument",
            ),
            (r#"{"args":5}"#, "-8 Unknown named parameter args"),
            (
                r#"{"args":[1],"args":[2]}"#,
                "-8 Parameter args specified multiple times",
            ),
            (
                r#"{"arg0":0,"arg0":1}"#,
                "-8 Parameter arg0 specified multiple times",
            ),
            (r#"{"arg9":1}"#, "-8 Unknown named parameter arg9"),
        ],
    )
    .await;
}

#[tokio::test]
async fn options_may_be_named_like_arguments() {
    check(
        "sell",
        &[
            (r#"{"item":"a","discount":5}"#, r#"["a",{"discount":5}]"#),
            (
                r#"{"item":"a","note":"b","rebate":5}"#,
                r#"["a",{"rebate":5,"note":"b"}]"#,
            ),
            (
                r#"{"item":"a","options":{"discount":5},"tip":1}"#,
                r#"["a",{"discount":5},1]"#,
            ),
            (r#"{"item":"a","tip":"0.1"}"#, r#"["a",null,"0.1"]"#),
            (
                r#"{"args":["a"],"discount":5,"tip":1}"#,
                r#"["a",{"discount":5},1]"#,
            ),
            (
                r#"{"args":["a",{"discount":5}],"tip":1}"#,
                r#"["a",{"discount":5},1]"#,
            ),
            (
                r#"{"item":"a","discount":5,"options":{}}"#,
                "-8 Parameter options conflicts with parameter discount",
            ),
            (
                r#"{"args":["a",{}],"discount":5}"#,
                "-8 Parameter options specified twice both as positional and named argument",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn types_are_checked_before_the_handler_runs() {
    check(
        "sell",
        &[
            (
                "[1]",
                "-3 Wrong type passed:\n{\n    \"Position 1 (item)\": \"JSON value of type number is not of expected type string\"\n}",
            ),
            (
                "[null,[]]",
                "-3 Wrong type passed:\n{\n    \"Position 1 (item)\": \"JSON value of type null is not of expected type string\",\n    \"Position 2 (options)\": \"JSON value of type array is not of expected type object\"\n}",
            ),
            (r#"["a",null,true]"#, r#"["a",null,true]"#),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_wrong_number_of_arguments_gets_the_help() {
    let help = "getprice place ( gross )\n\nReturns a price.\n\nArguments:\n\
        1. place    (numeric, required) Where it lies\n\
        2. gross    (boolean, optional, default=true) Tax included\n\n\
        Result:\nn    (numeric) The price\n";
    let expected = format!("-1 {help}");
    check(
        "getprice",
        &[
            ("[]", &expected),
            ("[0,true,1]", &expected),
            ("[0,null]", "1.50000000"),
        ],
    )
    .await;
    check("getprice", &[(r#"{"gross":true}"#, "-3 Wrong type passed:\n{\n    \"Position 1 (place)\": \"JSON value of type null is not of expected type number\"\n}")]).await;
}

#[test]
fn wallets_are_named_by_the_path() {
    let name = |uri: &str| {
        super::Caller {
            uri: uri.into(),
            ..Default::default()
        }
        .wallet_name()
    };
    assert_eq!(name("/"), None);
    assert_eq!(name("/wallet/"), Some(String::new()));
    assert_eq!(
        name("/wallet/my%20money%2F%C3%A9"),
        Some("my money/é".into())
    );
    assert_eq!(name("/wallet/50%"), Some("50%".into()));
    assert_eq!(name("/wallet/%+1%4"), Some("%+1%4".into()));
    for text in ["", "plain", "my money/é%", "\u{0}?#"] {
        assert_eq!(super::percent_decode(&super::percent_encode(text)), text);
    }
}
