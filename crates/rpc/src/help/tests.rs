use serde_json::json;

use super::*;

fn check(spec: &CommandSpec, expected: &str) {
    let names = HelpNames {
        cli: "bitq-cli".into(),
        port: 8332,
    };
    assert_eq!(command_help(spec, &names), expected);
}

#[test]
fn a_command_without_arguments() {
    let spec = CommandSpec::new(
        "control",
        "uptime",
        "Returns the total uptime of the server.\n",
    )
    .result(ResultDoc::num(
        "",
        "The number of seconds that the server has been running",
    ))
    .cli("")
    .rpc("");
    check(
        &spec,
        "uptime\n\nReturns the total uptime of the server.\n\nResult:\n\
         n    (numeric) The number of seconds that the server has been running\n\nExamples:\n\
         > bitq-cli uptime \n\
         > curl --user myusername --data-binary '{\"jsonrpc\": \"2.0\", \"id\": \"curltest\", \
         \"method\": \"uptime\", \"params\": []}' -H 'content-type: application/json' http://127.0.0.1:8332/\n",
    );
}

#[test]
fn nested_arguments_line_up() {
    let output = Arg::object(
        "",
        "",
        vec![
            Arg::amount("address", "A key-value pair.\nThe key is the address"),
            Arg::hex("data", "Hex"),
        ],
    );
    let spec = CommandSpec::new("rawtransactions", "make", "Makes it.")
        .arg(Arg::array(
            "outputs",
            "The outputs",
            vec![output.optional()],
        ))
        .arg(Arg::num("locktime", "Lock time").default(0))
        .arg(Arg::user_keys("weights", "Weights", vec![Arg::num("name", "The weight")]).optional())
        .arg(Arg::range("range", "How far").hint("all"))
        .arg(Arg::bool("secret", "").default(false).hidden());
    check(
        &spec,
        "\
make [{\"address\":amount,\"data\":\"hex\"},...] ( locktime {\"name\":n,...} range )

Makes it.

Arguments:
1. outputs                     (json array, required) The outputs
     [
       {                       (json object)
         \"address\": amount,    (numeric or string, required) A key-value pair.
                               The key is the address
         \"data\": \"hex\",        (string, required) Hex
       },
       ...
     ]
2. locktime                    (numeric, optional, default=0) Lock time
3. weights                     (json object, optional) Weights
     {
       \"name\": n,              (numeric, required) The weight
       ...
     }
4. range                       (numeric or array, optional, default=all) How far
",
    );
}

#[test]
fn options_are_listed_apart() {
    let options = vec![
        Arg::bool("add_inputs", "Whether to add").default(json!(true)),
        Arg::str("change", "Where")
            .type_words("\"address\"", "string or so")
            .optional(),
    ];
    let spec = CommandSpec::new("wallet", "fund", "Funds it.")
        .arg(Arg::hex("hexstring", "The transaction"))
        .arg(Arg::options("options", "More:", options).oneline("options"))
        .arg(Arg::str("last", "Last"));
    check(
        &spec,
        "\
fund \"hexstring\" ( options ) \"last\"

Funds it.

Arguments:
1. hexstring    (string, required) The transaction
2. options      (json object, optional) Options object that can be used to pass named arguments, listed below. More:
3. last         (string, required) Last

Named Arguments:
add_inputs    (boolean, optional, default=true) Whether to add
change        (string or so, optional) Where
",
    );
}

#[test]
fn results_by_condition() {
    let coin = ResultDoc::object(
        "",
        "A coin",
        vec![
            ResultDoc::amount("value", "Its worth"),
            ResultDoc::time("time", "When").optional(),
            ResultDoc::object("more", "", vec![]),
            ResultDoc::str("old", "").skipped(),
        ],
    );
    let spec = CommandSpec::new("wallet", "coins", "Lists.")
        .result(ResultDoc::array("", "", vec![coin]).when("for verbose = true"))
        .result(
            ResultDoc::dyn_object("", "", vec![ResultDoc::bool("id", "Spent")])
                .when("for verbose = false"),
        )
        .result(ResultDoc::fixed_array(
            "",
            "",
            vec![ResultDoc::any("", ""), ResultDoc::hex("", "")],
        ))
        .result(ResultDoc::object(
            "",
            "",
            vec![ResultDoc::str("", "").dots("Same as above")],
        ))
        .result(ResultDoc::none().when("otherwise"))
        .example(Example::CliNamed(json!({"a": "b c", "n": 1})))
        .example(Example::RpcNamed(json!({"n": 1})))
        .example(Example::CliOf("other".into(), "1".into()))
        .example(Example::Text("\nAs JSON\n".into()));
    check(
        &spec,
        "\
coins

Lists.

Result (for verbose = true):
[                    (json array)
  {                  (json object) A coin
    \"value\" : n,     (numeric) Its worth
    \"time\" : xxx,    (numeric, optional) When
    \"more\" : {}      (empty JSON object)
  },
  ...
]

Result (for verbose = false):
{                       (json object)
  \"id\" : true|false,    (boolean) Spent
  ...
}

Result:
[           (json array)
  xxx,      (any)
  \"hex\"     (string)
]

Result:
{         (json object)
  ...     Same as above
}

Result (otherwise):
null    (json null)

Examples:
> bitq-cli -named coins a='b c' n=1
> curl --user myusername --data-binary '{\"jsonrpc\": \"2.0\", \"id\": \"curltest\", \"method\": \"coins\", \"params\": {\"n\":1}}' -H 'content-type: application/json' http://127.0.0.1:8332/
> bitq-cli other 1

As JSON
",
    );
}
