//! A picture of black and white cells as a PNG file (RFC 2083), stored without compression.

/// Pixels per cell.
const CELL: usize = 8;

/// Encodes a square of `side` cells, `true` black; `None` where it is not square or too large.
pub(super) fn encode(cells: &[bool], side: usize) -> Option<Vec<u8>> {
    if side == 0 || side > 1000 || cells.len() != side * side {
        return None;
    }
    let pixels = side * CELL;
    let mut rows = Vec::with_capacity((pixels + 1) * pixels);
    for line in cells.chunks(side) {
        let mut row = vec![0];
        for black in line {
            row.extend(std::iter::repeat_n(if *black { 0x00 } else { 0xFF }, CELL));
        }
        for _ in 0..CELL {
            rows.extend_from_slice(&row);
        }
    }
    let size = u32::try_from(pixels).ok()?.to_be_bytes();
    let mut header = [size, size].concat();
    // Eight bits of grey, standard compression and filter, not interlaced.
    header.extend_from_slice(&[8, 0, 0, 0, 0]);
    let mut file = vec![0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n'];
    chunk(&mut file, *b"IHDR", &header);
    chunk(&mut file, *b"IDAT", &zlib(&rows));
    chunk(&mut file, *b"IEND", &[]);
    Some(file)
}

fn chunk(file: &mut Vec<u8>, name: [u8; 4], data: &[u8]) {
    let length = u32::try_from(data.len()).expect("a picture of at most 1000 cells");
    file.extend_from_slice(&length.to_be_bytes());
    let body = [&name[..], data].concat();
    file.extend_from_slice(&body);
    file.extend_from_slice(&crc32(&body).to_be_bytes());
}

/// Wraps data as zlib does (RFC 1950), in stored blocks.
fn zlib(data: &[u8]) -> Vec<u8> {
    const BLOCK: usize = 0xFFFF;
    let mut out = vec![0x78, 0x01];
    let mut blocks = data.chunks(BLOCK).peekable();
    while let Some(block) = blocks.next() {
        let length = u16::try_from(block.len()).expect("blocks are cut to 16 bits");
        out.push(u8::from(blocks.peek().is_none()));
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&(!length).to_le_bytes());
        out.extend_from_slice(block);
    }
    let (mut a, mut b) = (1_u32, 0_u32);
    for byte in data {
        a = (a + u32::from(*byte)) % 65_521;
        b = (b + a) % 65_521;
    }
    out.extend_from_slice(&((b << 16) | a).to_be_bytes());
    out
}

fn crc32(data: &[u8]) -> u32 {
    !data.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 {
                (crc >> 1) ^ 0xEDB8_8320
            } else {
                crc >> 1
            }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_match_their_definitions() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        assert_eq!(&zlib(b"Wikipedia")[..2], [0x78, 0x01]);
        assert!(zlib(b"Wikipedia").ends_with(&0x11E6_0398_u32.to_be_bytes()));
    }

    #[test]
    fn only_squares_are_drawn() {
        assert!(encode(&[true; 3], 2).is_none());
        assert!(encode(&[true; 4], 2).is_some());
    }
}
