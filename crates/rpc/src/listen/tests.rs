use super::*;

#[test]
fn subnets_hold_their_addresses() {
    let check = |subnet: &str, inside: &[&str], outside: &[&str]| {
        let subnet: Subnet = subnet.parse().unwrap();
        inside
            .iter()
            .for_each(|text| assert!(subnet.contains(text.parse().unwrap()), "{text}"));
        outside
            .iter()
            .for_each(|text| assert!(!subnet.contains(text.parse().unwrap()), "{text}"));
    };
    check(
        "1.2.3.4",
        &["1.2.3.4", "::ffff:1.2.3.4"],
        &["1.2.3.5", "::1"],
    );
    check("1.2.3.4/24", &["1.2.3.255"], &["1.2.4.0"]);
    check("1.2.3.4/255.255.0.0", &["1.2.9.9"], &["1.3.0.0"]);
    check("0.0.0.0/0", &["9.9.9.9"], &["::1", "2001:db8::1"]);
    check("::/0", &["::1", "2001:db8::1"], &["1.2.3.4"]);
    check("2001:db8::/32", &["2001:db8:ffff::1"], &["2001:db9::"]);
    check("1.2.3.4/32", &["1.2.3.4"], &["1.2.3.5"]);
    let local = |text: &str| {
        Subnet::local()
            .iter()
            .any(|net| net.contains(text.parse().unwrap()))
    };
    assert!(local("127.9.9.9") && local("::1") && !local("10.0.0.1") && !local("::2"));
}

#[test]
fn other_texts_are_no_subnets() {
    for text in [
        "",
        "x",
        "1.2.3",
        "1.2.3.4/33",
        "1.2.3.4/-1",
        "1.2.3.4/",
        "::1/129",
        "1.2.3.4/::1",
        "1.2.3.4/255.0.255.0",
    ] {
        let error = text.parse::<Subnet>().unwrap_err().to_string();
        let start = format!("Invalid -rpcallowip subnet specification: {text}. Valid values are");
        assert!(error.starts_with(&start), "{error}");
    }
}

#[test]
fn only_this_machine_calls_unless_both_options_say_otherwise() {
    let list = |texts: &[&str]| {
        texts
            .iter()
            .map(|text| (*text).to_owned())
            .collect::<Vec<_>>()
    };
    let local = vec![("::1".to_owned(), 9), ("127.0.0.1".to_owned(), 9)];
    assert_eq!(endpoints(&[], &[], 9), Ok(local.clone()));
    assert_eq!(endpoints(&list(&["0.0.0.0"]), &[], 9), Ok(local.clone()));
    assert_eq!(endpoints(&[], &list(&["1.2.3.4"]), 9), Ok(local));
    let bind = list(&[
        "1.2.3.4",
        "1.2.3.4:80",
        "[::1]:81",
        "[::2]",
        "::3",
        "host:82",
    ]);
    let found = endpoints(&bind, &list(&["::/0"]), 9).unwrap();
    let expected = [
        ("1.2.3.4", 9),
        ("1.2.3.4", 80),
        ("::1", 81),
        ("::2", 9),
        ("::3", 9),
        ("host", 82),
    ];
    assert_eq!(found, expected.map(|(host, port)| (host.to_owned(), port)));
    let error = endpoints(&list(&["127.0.0.1:18443333"]), &list(&["::/0"]), 9).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Invalid port specified in -rpcbind: '127.0.0.1:18443333'"
    );
}
