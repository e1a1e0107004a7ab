use serde_json::json;

use super::*;
use crate::args::Params;
use crate::error::code;
use crate::fixture::{Shop, commands, table};
use crate::spec::{Arg, ResultDoc};

fn call_of(method: &str) -> Request {
    Request {
        method: method.into(),
        ..Default::default()
    }
}

#[tokio::test]
async fn every_call_waits_for_the_start() {
    let table = Table::new(Shop::default(), TableConfig::new("cli", 1));
    table.add("shop", commands());
    let check = async |expected: Result<i32, &str>| {
        let answer = table.call(call_of("getcount")).await;
        let expected = expected
            .map(|count| json!(count))
            .map_err(|text| RpcError::new(code::IN_WARMUP, text));
        assert_eq!(answer, expected);
    };
    check(Err("RPC server started")).await;
    table.set_warmup("Loading block index…");
    check(Err("Loading block index…")).await;
    assert_eq!(
        table.call(call_of("nothing")).await.unwrap_err().code,
        code::IN_WARMUP
    );
    table.finish_warmup();
    check(Ok(7)).await;
}

#[tokio::test]
async fn commands_come_and_go_with_their_owner() {
    let table = table();
    let spec = CommandSpec::new("wallet", "getbalance", "Returns it.").arg(Arg::str("any", ""));
    let wire = serde_json::to_string(&spec).unwrap();
    let received: CommandSpec = serde_json::from_str(&wire).unwrap();
    assert_eq!(received, spec);
    let forwarded = received.forward(|request| async move {
        let wire = serde_json::to_string(&request).unwrap();
        Ok(serde_json::from_str(&wire).unwrap())
    });
    let stolen = CommandSpec::new("wallet", "getcount", "").run(|_, _| Ok(json!("mine")));
    assert_eq!(table.add("wallet", vec![forwarded, stolen]), ["getcount"]);
    assert_eq!(table.call(call_of("getcount")).await, Ok(json!(7)));

    let named = Params::Named(vec![("x".into(), json!(1)), ("x".into(), json!(2))]);
    let request = Request {
        params: named,
        ..call_of("getbalance")
    };
    let echoed = table.call(request.clone()).await.unwrap();
    assert_eq!(serde_json::from_value::<Request>(echoed).unwrap(), request);
    assert!(table.help("getbalance").starts_with("getbalance \"any\"\n"));

    table.remove("wallet");
    assert_eq!(
        table.call(call_of("getbalance")).await.unwrap_err().code,
        code::METHOD_NOT_FOUND
    );
    assert_eq!(table.call(call_of("getcount")).await, Ok(json!(7)));
}

#[tokio::test]
async fn a_crash_of_a_handler_is_an_answer() {
    let error = table().call(call_of("crash")).await.unwrap_err();
    assert_eq!(error.code, code::MISC);
    assert!(
        error.message.starts_with("Internal bug detected: "),
        "{}",
        error.message
    );
}

#[tokio::test]
async fn running_calls_are_listed_until_they_end() {
    let table = table();
    let names = |table: &Table<Shop>| -> Vec<String> {
        table.active().into_iter().map(|(name, _)| name).collect()
    };
    let waits = tokio::spawn({
        let table = Arc::clone(&table);
        async move { table.call(call_of("waitforcustomer")).await }
    });
    table.context().waiting.notified().await;
    assert_eq!(names(&table), ["waitforcustomer"]);
    table.context().open.notify_one();
    assert_eq!(waits.await.unwrap(), Ok(json!("hello")));
    assert!(names(&table).is_empty());
}

#[tokio::test]
async fn a_wait_ends_when_its_client_leaves() {
    let table = table();
    let gone = CancellationToken::new();
    let waits = tokio::spawn({
        let (table, gone) = (Arc::clone(&table), gone.clone());
        async move { table.call_until(call_of("waitforcustomer"), &gone).await }
    });
    table.context().waiting.notified().await;
    gone.cancel();
    assert_eq!(
        waits.await.unwrap().unwrap_err().code,
        code::CLIENT_NOT_CONNECTED
    );
    assert!(table.active().is_empty());
}

#[test]
fn help_groups_by_category() {
    let table = table();
    assert_eq!(
        table.help(""),
        "== Sales ==\ncrash\nsell \"item\" ( {\"discount\":n,\"note\":\"str\",...} tip )\nwaitforcustomer\n\n\
         == Stock ==\ngetcount\ngetprice place ( gross )"
    );
    assert_eq!(table.help("nothing"), "help: unknown command: nothing");
    assert!(
        table
            .help("echo")
            .starts_with("echo ( \"arg0\" \"arg1\" \"arg2\" )\n")
    );
}

#[test]
fn conversions_list_names_and_aliases() {
    let table = Table::new(Shop::default(), TableConfig::new("cli", 1));
    let wanted = ["sell", "getprice"];
    let some = commands()
        .into_iter()
        .filter(|one| wanted.contains(&one.spec().name.as_ref()));
    table.add("shop", some.collect());
    assert_eq!(
        table.conversions(),
        json!([
            ["getprice", 0, "place", false],
            ["getprice", 1, "gross", false],
            ["getprice", 1, "with_tax", false],
            ["sell", 0, "item", true],
            ["sell", 1, "options", false],
            ["sell", 1, "discount", false],
            ["sell", 1, "rebate", false],
            ["sell", 1, "note", true],
            ["sell", 2, "tip", false],
        ])
    );
}

#[tokio::test]
async fn answers_are_compared_with_their_documentation() {
    let mut config = TableConfig::new("cli", 1);
    config.check_results = true;
    let table = Table::new((), config);
    let spec = |name: &'static str| {
        CommandSpec::new("x", name, "").result(ResultDoc::object(
            "",
            "",
            vec![
                ResultDoc::num("a", ""),
                ResultDoc::array("b", "", vec![ResultDoc::str("", "")]).optional(),
            ],
        ))
    };
    table.add(
        "x",
        vec![
            spec("good").run(|_, _| Ok(json!({"a": 1}))),
            spec("bad").run(|_, _| Ok(json!({"b": ["x", 1], "c": 2}))),
        ],
    );
    table.finish_warmup();
    assert!(table.call(call_of("good")).await.is_ok());
    let error = table.call(call_of("bad")).await.unwrap_err();
    assert_eq!(
        error.message,
        "Internal bug detected: RPC call \"bad\" returned incorrect type:\n{\n    \
         \"c\": \"key returned that was not in doc\",\n    \
         \"a\": \"key missing, despite not being optional in doc\",\n    \
         \"b\": {\n        \"1\": \"returned type is number, but declared as string in doc\"\n    }\n}"
    );
}
