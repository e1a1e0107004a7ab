use capnp::message::{Builder, HeapAllocator, Reader};
use proptest::prelude::*;

use super::*;

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}

/// Reads all messages of `bytes`; the texts in them, then how it ended.
fn check(bytes: &[u8], max_bytes: u64) -> (Vec<String>, Result<(), String>) {
    block_on(async {
        let mut reader = FrameReader::new(bytes, max_bytes, 2 * max_bytes);
        let mut texts = Vec::new();
        loop {
            match reader.next().await {
                Ok(Next::Whole(frame)) => {
                    let message = Reader::new(frame, reader_options(max_bytes));
                    let text = message.get_root::<capnp::text::Reader<'_>>();
                    texts.push(text.map_or_else(
                        |error| format!("error {:?}", error.kind),
                        |text| String::from_utf8_lossy(text.as_bytes()).into_owned(),
                    ));
                }
                Ok(Next::TooLarge(_, bytes)) => texts.push(format!("{bytes} bytes")),
                Ok(Next::End) => return (texts, Ok(())),
                Err(error) => return (texts, Err(error.extra)),
            }
        }
    })
}

fn message(text: &str, first_segment: u32) -> Vec<u8> {
    let allocator = HeapAllocator::new().first_segment_words(first_segment);
    let mut builder = Builder::new(allocator);
    builder.set_root::<capnp::text::Owned>(text).unwrap();
    let mut out = Vec::new();
    append(&builder, &mut out);
    out
}

#[test]
fn messages_of_one_and_more_segments_come_back() {
    let long = "x".repeat(1_000_000);
    let mut bytes = message("one", 64);
    bytes.extend(message(&long, 1));
    bytes.extend(message("", 64));
    let (texts, end) = check(&bytes, 16 << 20);
    assert_eq!(texts, ["one", &long, ""]);
    assert_eq!(end, Ok(()));
}

#[test]
fn claims_are_refused_before_memory_is_taken() {
    let many = [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0];
    assert!(
        check(&many, 1 << 20)
            .1
            .unwrap_err()
            .starts_with("Too many segments")
    );
    let huge = [0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff];
    assert!(check(&huge, 1 << 20).1.unwrap_err().contains("too large"));
    let cut = &message("whole", 64)[..20];
    assert_eq!(
        check(cut, 1 << 20).1.unwrap_err(),
        "the stream ends inside a message"
    );
}

#[test]
fn what_is_too_large_is_skipped_up_to_a_limit() {
    let long = "x".repeat(70_000);
    let mut bytes = message("before", 64);
    bytes.extend(message(&long, 1));
    bytes.extend(message("after", 64));
    let (texts, end) = check(&bytes, 40_000);
    assert_eq!((texts.len(), end), (3, Ok(())));
    assert_eq!((texts[0].as_str(), texts[2].as_str()), ("before", "after"));
    assert!(texts[1].ends_with(" bytes"), "{}", texts[1]);
    assert!(check(&bytes, 30_000).1.unwrap_err().contains("too large"));
}

#[test]
fn reading_goes_on_where_it_was_given_up() {
    let long = "x".repeat(100_000);
    let bytes = message(&long, 1);
    block_on(async {
        let (mut ours, theirs) = tokio::io::duplex(1 << 20);
        let mut reader = FrameReader::new(theirs, 16 << 20, 16 << 20);
        for piece in bytes.chunks(977) {
            assert!(futures::FutureExt::now_or_never(reader.next()).is_none());
            tokio::io::AsyncWriteExt::write_all(&mut ours, piece)
                .await
                .unwrap();
        }
        let Next::Whole(frame) = reader.next().await.unwrap() else {
            panic!("no message");
        };
        let message = Reader::new(frame, reader_options(16 << 20));
        let text = message.get_root::<capnp::text::Reader<'_>>().unwrap();
        assert_eq!(text.len(), long.len());
        assert!(!reader.has_begun());
    });
}

proptest! {
    #[test]
    fn garbage_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..4096)) {
        let _ = check(&bytes, 1 << 16);
    }

    #[test]
    fn a_damaged_message_never_panics(
        text in ".{0,200}",
        at in any::<prop::sample::Index>(),
        value in any::<u8>(),
    ) {
        let mut bytes = message(&text, 4);
        let at = at.index(bytes.len());
        bytes[at] = value;
        let _ = check(&bytes, 1 << 16);
    }
}
