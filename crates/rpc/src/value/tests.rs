use serde_json::{Value, json};

use super::*;

fn number(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn amounts_have_eight_decimals() {
    let check = |units, text: &str| assert_eq!(amount(units).to_string(), text);
    check(0, "0.00000000");
    check(1, "0.00000001");
    check(-1, "-0.00000001");
    check(150_000_000, "1.50000000");
    check(-2_100_000_000_000_000, "-21000000.00000000");
    check(i64::MIN, "-92233720368.54775808");
    assert_eq!(fixed_point(1, 3).to_string(), "0.001");
    assert_eq!(fixed_point(-7, 0).to_string(), "-7");
}

#[test]
fn amounts_are_read_exactly() {
    let check = |text: &str, expected: Result<i64, &str>| {
        let expected = expected.map_err(RpcError::type_error);
        assert_eq!(
            amount_from(&json!(text), 1 << 60),
            expected,
            "{text} as string"
        );
        if let Ok(value) = serde_json::from_str::<Value>(text) {
            assert_eq!(amount_from(&value, 1 << 60), expected, "{text} as number");
        }
    };
    check("0", Ok(0));
    check("-0", Ok(0));
    check("0.00000001", Ok(1));
    check("1e-8", Ok(1));
    check("0.01e-6", Ok(1));
    check("1e-9", Err("Invalid amount"));
    check("0.000000019", Err("Invalid amount"));
    check("0.00000001000000", Ok(1));
    check("93e+9", Err("Invalid amount"));
    check("9e9", Ok(900_000_000_000_000_000));
    check("92233720368.54775807", Err("Invalid amount"));
    check("-1", Err("Amount out of range"));
    check("1.", Err("Invalid amount"));
    check(".5", Err("Invalid amount"));
    check("01", Err("Invalid amount"));
    check("1e99999999999999999999", Err("Invalid amount"));
    check("0e99999", Ok(0));
    check("1x", Err("Invalid amount"));
    check("", Err("Invalid amount"));
    check("--1", Err("Invalid amount"));
    assert_eq!(
        amount_from(&json!(1), 99_999_999).unwrap_err().message,
        "Amount out of range"
    );
    let error = amount_from(&json!(true), 10).unwrap_err();
    assert_eq!(error.message, "Amount is not a number or string");
}

#[test]
fn whole_numbers_are_whole() {
    let check = |text: &str, expected: Result<u8, (i32, &str)>| {
        let expected = expected.map_err(|(code, text)| RpcError::new(code, text));
        assert_eq!(int_from::<u8>(&number(text)), expected, "{text}");
    };
    check("255", Ok(255));
    check("256", Err((-1, "JSON integer out of range")));
    check("-1", Err((-1, "JSON integer out of range")));
    check("1.0", Err((-1, "JSON integer out of range")));
    check("1e1", Err((-1, "JSON integer out of range")));
    check(
        "\"1\"",
        Err((
            -3,
            "JSON value of type string is not of expected type number",
        )),
    );
    check(
        "null",
        Err((-3, "JSON value of type null is not of expected type number")),
    );
}

#[test]
fn hashes_are_turned_around() {
    let text = format!("{}01", "00".repeat(31));
    let hash = hash_from(&json!(text), "blockhash").unwrap();
    assert_eq!((hash[0], hash[31]), (1, 0));
    let check = |text: &str, expected: &str| {
        let error = hash_from(&json!(text), "hash").unwrap_err();
        assert_eq!((error.code, error.message.as_str()), (-8, expected));
    };
    check(
        "nonsense",
        "hash must be of length 64 (not 8, for 'nonsense')",
    );
    let wrong = format!("ZZZ{}", "0".repeat(61));
    check(
        &wrong,
        &format!("hash must be hexadecimal string (not '{wrong}')"),
    );
    // Two-byte characters must not shift the digits.
    check("é", "hash must be of length 64 (not 2, for 'é')");
}

#[test]
fn hex_is_read_in_pairs() {
    assert_eq!(decode_hex("00fF"), Some(vec![0, 255]));
    assert_eq!(decode_hex(""), Some(Vec::new()));
    for text in ["0", "0g", "+1", " 00", "é"] {
        assert_eq!(decode_hex(text), None, "{text}");
    }
    assert_eq!(encode_hex(&[0, 255]), "00ff");
    assert_eq!(hex_from(&json!(""), "data").unwrap_err().code, -8);
}

#[test]
fn ranges_have_limits() {
    let check = |value: Value, expected: Result<(u32, u32), &str>| {
        let expected = expected.map_err(RpcError::invalid_parameter);
        assert_eq!(range_from(&value), expected, "{value}");
    };
    check(json!(5), Ok((0, 5)));
    check(json!([3, 4]), Ok((3, 4)));
    check(
        json!([4, 3]),
        Err("Range specified as [begin,end] must not have begin after end"),
    );
    check(
        json!([-1, 3]),
        Err("Range should be greater or equal than 0"),
    );
    check(json!([0, 1u64 << 31]), Err("End of range is too high"));
    check(json!(-1), Err("End of range is too high"));
    check(json!([0, 1_000_000]), Err("Range is too large"));
    check(
        json!("1"),
        Err("Range must be specified as end or as [begin,end]"),
    );
}

#[test]
fn fields_are_checked_by_type() {
    let check = |object: Value, strict, expected: &str| {
        let expected_types = [
            ("txid", Some(JsonType::String)),
            ("vout", Some(JsonType::Number)),
            ("x", None),
        ];
        let error = check_object(object.as_object().unwrap(), &expected_types, false, strict);
        assert_eq!(error.unwrap_err().message, expected);
    };
    check(json!({"vout": 1, "x": 1}), false, "Missing txid");
    check(
        json!({"txid": 42, "vout": 1}),
        false,
        "JSON value of type number for field txid is not of expected type string",
    );
    check(
        json!({"txid": "", "vout": 1, "x": 1, "y": 1}),
        true,
        "Unexpected key y",
    );
    let partial = json!({"txid": "a"});
    let types = [
        ("txid", Some(JsonType::String)),
        ("vout", Some(JsonType::Number)),
    ];
    assert_eq!(
        check_object(partial.as_object().unwrap(), &types, true, true),
        Ok(())
    );
}

#[test]
fn doubles_have_sixteen_digits() {
    let check = |value, text: &str| assert_eq!(double(value).to_string(), text);
    check(0.0, "0");
    check(1.0, "1");
    check(0.1, "0.1");
    check(0.1 + 0.2, "0.3");
    check(1.0 / 3.0, "0.3333333333333333");
    check(-1234.5, "-1234.5");
    check(4.656542373906925e-10, "4.656542373906925e-10");
    check(1e16, "1e+16");
    check(123_456_789_012_345.0, "123456789012345");
    assert_eq!(double(f64::NAN), Value::Null);
}
