//! Many, rude and hostile clients (section G of the list).

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use super::fixture::{PATIENCE, Plain, Program, soon, with_limits, with_program};
use crate::types::Limits;

/// Waits until only `count` clients are connected.
async fn connected(program: &Program, count: usize) {
    let mut connections = program.listener.watch();
    soon(connections.wait_for(|now| *now == count))
        .await
        .unwrap();
}

#[test]
fn a_burst_of_fifty_is_served_and_leaves_nothing_behind() {
    with_program(async |program| {
        let connect = (0..50).map(|_| Plain::connect(&program));
        let plains = futures::future::join_all(connect).await;
        for plain in &plains {
            plain.echo().await;
        }
        assert_eq!(program.listener.connections(), 50);
        drop(plains);
        connected(&program, 0).await;
    });
}

#[test]
fn a_full_house_turns_clients_away() {
    with_limits(
        Limits::default(),
        |address| address.max = 2,
        async |program| {
            let (one, two) = (
                Plain::connect(&program).await,
                Plain::connect(&program).await,
            );
            one.echo().await;
            two.echo().await;
            Plain::connect(&program).await.ended().await;
            drop(two);
            connected(&program, 1).await;
            Plain::connect(&program).await.echo().await;
        },
    );
}

/// Sends `bytes` and waits until the server has hung up.
fn send_and_wait(program: &Program, bytes: &[u8]) -> tokio::task::JoinHandle<()> {
    let path = program.socket();
    let bytes = bytes.to_vec();
    tokio::task::spawn_blocking(move || {
        let mut stream = UnixStream::connect(path).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        // The server may hang up in the middle.
        let _ = stream.write_all(&bytes);
        let mut rest = Vec::new();
        match stream.read_to_end(&mut rest) {
            Ok(_) => {}
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset),
        }
    })
}

#[test]
fn garbage_ends_its_own_connection_alone() {
    with_program(async |program| {
        let plain = Plain::connect(&program).await;
        let mut noise = vec![0; 64 << 10];
        let mut state = 1_u32;
        for byte in &mut noise {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *byte = state.to_le_bytes()[3];
        }
        // A root pointer far outside, and one that points at itself.
        let far = [0, 0, 0, 0, 1, 0, 0, 0, 0xfc, 0xff, 0xff, 0x7f, 1, 0, 1, 0];
        let ring = [0, 0, 0, 0, 1, 0, 0, 0, 0xfc, 0xff, 0xff, 0xff, 0, 0, 1, 0];
        let cases: [&[u8]; 6] = [
            &noise,
            &[0xff; 8],
            &[0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff],
            b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
            &far,
            &ring,
        ];
        for case in cases {
            soon(send_and_wait(&program, case)).await.unwrap();
            plain.echo().await;
        }
        connected(&program, 1).await;
    });
}

#[test]
fn half_a_message_disturbs_nobody() {
    with_program(async |program| {
        let plain = Plain::connect(&program).await;
        let mut half = UnixStream::connect(program.socket()).unwrap();
        half.write_all(&[0, 0, 0, 0, 8, 0, 0, 0, 1]).unwrap();
        plain.echo().await;
        connected(&program, 2).await;
        drop(half);
        connected(&program, 1).await;
    });
}

#[test]
fn who_never_reads_is_not_read_and_then_dropped() {
    let limits = Limits {
        unread_bytes: 1 << 20,
        stall_seconds: 1,
        ..Limits::default()
    };
    with_limits(
        limits,
        |_| {},
        async |program| {
            let other = Plain::connect(&program).await;
            let rude = UnixStream::connect(program.socket()).unwrap();
            let mut writing = rude.try_clone().unwrap();
            let sent = tokio::task::spawn_blocking(move || flood(&mut writing));
            while !sent.is_finished() {
                other.echo().await;
                tokio::task::yield_now().await;
            }
            // Both directions' system buffers and the budget hold far less than what was offered.
            let sent = soon(sent).await.unwrap();
            assert!(sent < 8 << 20, "{sent} bytes were taken");
            connected(&program, 1).await;
            other.echo().await;
            drop(rude);
        },
    );
}

/// Asks for 2,000 echoes of 64 KiB and never reads; the bytes that were taken.
fn flood(stream: &mut UnixStream) -> usize {
    let mut bytes = Vec::new();
    super::hostile::calls::bootstrap(&mut bytes);
    super::hostile::calls::make_echo(&mut bytes);
    let mut sent = 0;
    for number in 0..2_000 {
        super::hostile::calls::echo(&mut bytes, number + 2, &"x".repeat(64 << 10));
        match stream.write_all(&bytes) {
            Ok(()) => sent += bytes.len(),
            Err(_) => break,
        }
        bytes.clear();
    }
    sent
}

#[test]
fn clients_that_die_in_a_call_leave_nothing() {
    with_program(async |program| {
        for round in 0..100_u32 {
            let plain = Plain::connect(&program).await;
            let mining = plain
                .init
                .make_mining_request()
                .send()
                .pipeline
                .get_result();
            let mut wait = mining.wait_tip_changed_request();
            wait.get().set_current_tip(&[0; 32]);
            let waiting = wait.send().promise;
            let _template = mining
                .create_new_block_request()
                .send()
                .pipeline
                .get_result();
            let pause = Duration::from_micros(u64::from(round) * 37);
            let _ = tokio::time::timeout(pause, waiting).await;
        }
        connected(&program, 0).await;
        Plain::connect(&program).await.echo().await;
    });
}

/// Messages written by hand, for a client that does not care for answers.
mod calls {
    use capnp::message::{Builder, HeapAllocator};
    use capnp_rpc::rpc_capnp::{message, message_target, payload};

    use crate::generated::echo_capnp::echo;
    use crate::generated::init_capnp::init;

    fn append(out: &mut Vec<u8>, fill: impl FnOnce(message::Builder<'_>)) {
        let mut builder = Builder::new(HeapAllocator::new());
        fill(builder.init_root());
        capnp::serialize::write_message(out, &builder).unwrap();
    }

    pub(super) fn bootstrap(out: &mut Vec<u8>) {
        append(out, |message| message.init_bootstrap().set_question_id(0));
    }

    fn call(
        out: &mut Vec<u8>,
        (question, answer, interface, method): (u32, u32, u64, u16),
        fill: impl FnOnce(payload::Builder<'_>),
    ) {
        append(out, |message| {
            let mut call = message.init_call();
            call.set_question_id(question);
            call.set_interface_id(interface);
            call.set_method_id(method);
            let target: message_target::Builder<'_> = call.reborrow().init_target();
            let mut promised = target.init_promised_answer();
            promised.set_question_id(answer);
            if answer != 0 {
                promised.init_transform(1).get(0).set_get_pointer_field(0);
            }
            fill(call.init_params());
        });
    }

    pub(super) fn make_echo(out: &mut Vec<u8>) {
        let interface = <init::Client as capnp::traits::HasTypeId>::TYPE_ID;
        call(out, (1, 0, interface, 1), |params| {
            params
                .get_content()
                .init_as::<init::make_echo_params::Builder<'_>>();
        });
    }

    pub(super) fn echo(out: &mut Vec<u8>, question: u32, text: &str) {
        let interface = <echo::Client as capnp::traits::HasTypeId>::TYPE_ID;
        call(out, (question, 1, interface, 1), |params| {
            params
                .get_content()
                .init_as::<echo::echo_params::Builder<'_>>()
                .set_echo(text);
        });
    }
}
