use serde_json::json;

use super::*;

fn names() -> Names {
    Names {
        server: "xd".into(),
        node: "x-node".into(),
        client: "x-cli".into(),
        hint: String::new(),
    }
}

#[test]
fn results_are_printed_plainly() {
    let check = |result: Value, expected: &str| {
        let printed = of(&json!({"result": result, "error": null, "id": 1}), &names());
        assert_eq!(
            (printed.out.as_str(), printed.err.as_str(), printed.code),
            (expected, "", 0)
        );
    };
    check(json!(null), "");
    check(json!(""), "");
    check(json!("a\nb"), "a\nb\n");
    check(json!(5), "5\n");
    check(json!(true), "true\n");
    check(json!([]), "[\n]\n");
    check(json!({}), "{\n}\n");
    check(json!(["foo"]), "[\n  \"foo\"\n]\n");
    check(
        json!({"a": [1, {"b": []}], "c": "é"}),
        "{\n  \"a\": [\n    1,\n    {\n      \"b\": [\n      ]\n    }\n  ],\n  \"c\": \"é\"\n}\n",
    );
}

#[test]
fn errors_go_to_standard_error_with_their_number_as_code() {
    let check = |error: Value, expected: &str, code: i32| {
        let printed = of(&json!({"error": error, "id": 1}), &names());
        assert_eq!(
            (printed.out.as_str(), printed.err.as_str(), printed.code),
            ("", expected, code)
        );
    };
    check(
        json!({"code": -32601, "message": "Method not found"}),
        "error code: -32601\nerror message:\nMethod not found\n",
        32601,
    );
    check(
        json!({"code": -19, "message": "Which?"}),
        "error code: -19\nerror message:\nWhich? Or for the CLI, specify the \"-rpcwallet=<walletname>\" option \
         before the command (run \"x-cli -h\" for help or \"x-cli listwallets\" to see which wallets are \
         currently loaded).\n",
        19,
    );
    check(json!("odd"), "error: \"odd\"\n", 1);
    check(json!({"message": "odd"}), "error message:\nodd\n", 1);
}
