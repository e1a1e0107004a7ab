use super::*;

fn words(line: &[&str]) -> Vec<String> {
    line.iter().map(|word| (*word).to_owned()).collect()
}

fn text(params: Result<Params, CliError>) -> String {
    match params {
        Ok(params) => params.text().to_owned(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn words_become_json_where_the_command_takes_json() {
    let check = |line: &[&str], expected: &str| {
        assert_eq!(
            text(positional(line[0], &words(&line[1..]))),
            expected,
            "{line:?}"
        );
    };
    check(&["getblockcount"], "[]");
    check(&["getblockhash", "5"], "[5]");
    check(&["getblock", "00ff", "2"], r#"["00ff",2]"#);
    check(
        &["generatetoaddress", "1", "addr", "1000"],
        r#"[1,"addr",1000]"#,
    );
    check(
        &["getblockstats", "1000", r#"["txs"]"#],
        r#"[1000,["txs"]]"#,
    );
    check(&["getblockstats", "00ff"], r#"["00ff"]"#);
    check(&["sendtoaddress", "a", "0.10000000"], r#"["a",0.10000000]"#);
    check(&["unknown", "5", "\"x\"", ""], r#"["5","\"x\"",""]"#);
    check(&["getblockhash", "foo"], "Error parsing JSON: foo");
    check(&["getblockhash", ""], "Error parsing JSON: ");
}

#[test]
fn names_are_told_from_values_with_an_equals_sign() {
    let check = |line: &[&str], expected: &str| {
        assert_eq!(
            text(named(line[0], &words(&line[1..]))),
            expected,
            "{line:?}"
        );
    };
    check(&["echo"], "{}");
    check(
        &["echo", "arg0=0", "arg1=1", "arg1=3"],
        r#"{"arg0":"0","arg1":"3"}"#,
    );
    check(
        &["echo", "args=[0]", "4", "5"],
        r#"{"args":"[0]","args":["4","5"]}"#,
    );
    check(
        &["echojson", r#"["key=value"]"#],
        r#"{"args":[["key=value"]]}"#,
    );
    check(
        &["echojson", r#"["data=test"]"#, "42"],
        r#"{"args":[["data=test"],42]}"#,
    );
    check(
        &["echojson", r#"arg0=["a=b"]"#, "arg1=42"],
        r#"{"arg0":["a=b"],"arg1":42}"#,
    );
    check(&["createwallet", "my=wallet"], r#"{"args":["my=wallet"]}"#);
    check(
        &["createwallet", "wallet_name=my=wallet", "blank=true"],
        r#"{"wallet_name":"my=wallet","blank":true}"#,
    );
    check(
        &["getblock", "00", "verbosity=0"],
        r#"{"verbosity":0,"args":["00"]}"#,
    );
    check(&["getblock", "verbosity=x"], "Error parsing JSON: x");
    check(
        &["fundrawtransaction", "00", "fee_rate=2"],
        r#"{"fee_rate":2,"args":["00"]}"#,
    );
}

#[test]
fn every_row_of_the_table_is_read() {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
    let mut methods = Vec::new();
    for line in lines {
        let (method, items) = line.split_once(' ').expect("a method and its arguments");
        if !methods.contains(&method) {
            methods.push(method);
        }
        for item in items.split(' ') {
            let (position, name) = item.split_once(':').expect("a position and a name");
            let name = name.trim_end_matches(['$', '?']);
            let found =
                entries(method).any(|(at, own, _)| at.to_string() == position && own == name);
            assert!(found, "{method} {item}");
        }
    }
    assert!(methods.is_sorted(), "methods are in order");
    assert_eq!(
        methods
            .iter()
            .map(|method| entries(method).count())
            .sum::<usize>(),
        341
    );
}
