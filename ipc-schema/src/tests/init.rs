//! Core's small interfaces, as a plain client meets them (sections A, B and F of the list).

use std::rc::Rc;

use super::fixture::{Plain, soon, text, with_limits, with_program};
use crate::generated::mining_capnp::mining;
use crate::generated::proxy_capnp::{thread, thread_map};
use crate::types::{Limits, Role};

#[test]
fn threads_are_made_and_named() {
    with_program(async |program| {
        let plain = Plain::connect(&program).await;
        let answer = soon(plain.init.construct_request().send().promise)
            .await
            .unwrap();
        let map = answer.get().unwrap().get_thread_map().unwrap();
        let mut request = map.make_thread_request();
        request.get().set_name("tester");
        let made = soon(request.send().promise).await.unwrap();
        let thread = made.get().unwrap().get_result().unwrap();
        let name = soon(thread.get_name_request().send().promise)
            .await
            .unwrap();
        let name = name.get().unwrap().get_result().unwrap().to_str().unwrap();
        assert!(name.ends_with("(from tester)"), "{name}");
    });
}

/// A client's own thread, as C++ clients export them.
struct Own;
impl thread::Server for Own {}
impl thread_map::Server for Own {}

#[test]
fn a_clients_own_thread_is_no_worker_of_ours() {
    with_program(async |program| {
        let plain = Plain::connect(&program).await;
        let mut request = plain.init.construct_request();
        request.get().set_thread_map(capnp_rpc::new_client(Own));
        soon(request.send().promise).await.unwrap();
        let mut request = plain.init.make_echo_request();
        request
            .get()
            .init_context()
            .set_thread(capnp_rpc::new_client(Own));
        let error = text(soon(request.send().promise).await);
        assert_eq!(
            error,
            "Failed: remote exception: std::exception: invalid thread handle"
        );
        plain.echo().await;
    });
}

#[test]
fn retired_and_unknown_methods_say_so() {
    with_program(async |program| {
        let plain = Plain::connect(&program).await;
        let old = text(soon(plain.init.make_mining_old2_request().send().promise).await);
        assert_eq!(
            old,
            "Failed: remote exception: std::exception: Old mining interface (@2) not supported. \
             Please update your client!"
        );
        let wrong: mining::Client = capnp::capability::FromClientHook::cast_to(plain.init.clone());
        let unknown = text(soon(wrong.get_tip_request().send().promise).await);
        assert!(unknown.starts_with("Unimplemented: "), "{unknown}");
        plain.echo().await;
    });
}

#[test]
fn pools_are_made_once() {
    with_program(async |program| {
        let plain = Plain::connect(&program).await;
        plain.echo().await;
        let answer = soon(plain.init.construct_request().send().promise)
            .await
            .unwrap();
        let map = answer.get().unwrap().get_thread_map().unwrap();
        let pool = async |count| {
            let mut request = map.make_pool_request();
            request.get().set_count(count);
            text(soon(request.send().promise).await)
        };
        assert_eq!(
            pool(100_000).await,
            "Failed: remote exception: std::exception: no more than 256 workers for one connection"
        );
        assert_eq!(pool(2).await, "ok");
        assert_eq!(
            pool(2).await,
            "Failed: remote exception: std::exception: \
             makePool called on connection with existing pool"
        );
        plain.echo().await;
    });
}

#[test]
fn threads_cost_nothing_and_have_a_limit() {
    with_program(async |program| {
        let plain = Plain::connect(&program).await;
        let map = plain
            .init
            .construct_request()
            .send()
            .pipeline
            .get_thread_map();
        let calls = (0..2_000).map(|_| map.make_thread_request().send().promise);
        let made = soon(futures::future::join_all(calls)).await;
        assert_eq!(made.iter().filter(|made| made.is_ok()).count(), 256);
        plain.echo().await;
    });
}

#[test]
fn calls_on_promised_objects_come_back_in_order() {
    with_program(async |program| {
        let plain = Plain::connect(&program).await;
        let map = plain
            .init
            .construct_request()
            .send()
            .pipeline
            .get_thread_map();
        let mut request = map.make_thread_request();
        request.get().set_name("t");
        let thread = request.send().pipeline.get_result();
        let mut request = plain.init.make_echo_request();
        request.get().init_context().set_thread(thread.clone());
        let echo = request.send().pipeline.get_result();
        let done = Rc::new(std::cell::RefCell::new(Vec::new()));
        let calls = (0..200).map(|number: u32| {
            let mut request = echo.echo_request();
            request.get().init_context().set_thread(thread.clone());
            request.get().set_echo(number.to_string().as_str());
            let (promise, done) = (request.send().promise, Rc::clone(&done));
            async move {
                let answer = promise.await.unwrap();
                let text = answer
                    .get()
                    .unwrap()
                    .get_result()
                    .unwrap()
                    .to_string()
                    .unwrap();
                done.borrow_mut().push((number, text));
            }
        });
        soon(futures::future::join_all(calls)).await;
        let expected: Vec<_> = (0..200).map(|n: u32| (n, n.to_string())).collect();
        assert_eq!(*done.borrow(), expected);
    });
}

#[test]
fn echoes_are_identical() {
    with_program(async |program| {
        let plain = Plain::connect(&program).await;
        let echo = plain.echo().await;
        for said in ["", "näive ☃", &"x".repeat(1 << 20)] {
            let mut request = echo.echo_request();
            request.get().set_echo(said);
            let answer = soon(request.send().promise).await.unwrap();
            assert_eq!(
                answer
                    .get()
                    .unwrap()
                    .get_result()
                    .unwrap()
                    .to_str()
                    .unwrap(),
                said
            );
        }
    });
}

#[test]
fn a_destroyed_echo_answers_an_exception() {
    with_program(async |program| {
        let plain = Plain::connect(&program).await;
        let echo = plain.echo().await;
        soon(echo.destroy_request().send().promise).await.unwrap();
        let error = text(soon(echo.echo_request().send().promise).await);
        assert_eq!(
            error,
            "Failed: remote exception: std::exception: Echo object was destroyed"
        );
        plain.echo().await;
    });
}

/// Executes `request` as the user that the client claims to be.
async fn execute(plain: &Plain, request: &str) -> String {
    let rpc = plain.init.make_rpc_request().send().pipeline.get_result();
    let mut call = rpc.execute_rpc_request();
    call.get().set_request(request);
    call.get().set_uri("/wallet/w");
    call.get().set_user("admin");
    match soon(call.send().promise).await {
        Ok(answer) => answer
            .get()
            .unwrap()
            .get_result()
            .unwrap()
            .to_string()
            .unwrap(),
        Err(error) => error.extra,
    }
}

#[test]
fn commands_are_executed_and_no_user_is_believed() {
    with_program(async |program| {
        let plain = Plain::connect(&program).await;
        assert_eq!(execute(&plain, "{}").await, "{} /wallet/w None");
        let error = execute(&plain, "not json").await;
        assert_eq!(
            error,
            "remote exception: std::exception: invalid JSON received over IPC"
        );
        assert_eq!(execute(&plain, "[]").await, "[] /wallet/w None");
    });
    let narrow = |address: &mut crate::BindAddress| address.role = Role::Rpc("bob".to_owned());
    with_limits(Limits::default(), narrow, async |program| {
        let plain = Plain::connect(&program).await;
        assert_eq!(execute(&plain, "{}").await, "{} /wallet/w Some(\"bob\")");
        let error = text(soon(plain.init.make_mining_request().send().promise).await);
        assert_eq!(
            error,
            "Failed: remote exception: std::exception: \
             This socket does not give the right to do that."
        );
    });
}

#[test]
fn ids_are_cores() {
    use capnp::traits::HasTypeId;

    use crate::generated::echo_capnp::echo::Client as Echo;
    use crate::generated::init_capnp::init::Client as Init;
    use crate::generated::mining_capnp::block_template::Client as BlockTemplate;
    use crate::generated::rpc_capnp::rpc::Client as Rpc;

    assert_eq!(Init::TYPE_ID, 0x8838_c700_ba5c_ba65);
    assert_eq!(Echo::TYPE_ID, 0xd36b_8964_0dc9_4399);
    assert_eq!(mining::Client::TYPE_ID, 0xf9c6_8436_df3a_f39e);
    assert_eq!(BlockTemplate::TYPE_ID, 0xf967_1ad8_41b2_f622);
    assert_eq!(Rpc::TYPE_ID, 0xacb1_d37f_0a71_3129);
    assert_eq!(thread_map::Client::TYPE_ID, 0xee5e_3717_9ad9_dc9d);
    assert_eq!(thread::Client::TYPE_ID, 0x81c1_e260_0d0b_56c5);
}

#[test]
fn defaults_are_cores() {
    use crate::generated::mining_capnp::{block_create_options, block_wait_options};

    let mut message = capnp::message::Builder::new_default();
    let options: block_create_options::Builder<'_> = message.init_root();
    let options = options.into_reader();
    assert!(options.get_use_mempool());
    assert_eq!(options.get_block_reserved_weight(), 8000);
    assert_eq!(options.get_coinbase_output_max_additional_sigops(), 400);
    let mut message = capnp::message::Builder::new_default();
    let options: block_wait_options::Builder<'_> = message.init_root();
    let options = options.into_reader();
    assert_eq!(options.get_timeout(), f64::MAX);
    assert_eq!(options.get_fee_threshold(), 2_100_000_000_000_000);
}
