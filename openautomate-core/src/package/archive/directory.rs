//! The directory of a zip, read strictly before anything is unpacked.
//!
//! The zip format says most things twice, and readers differ in which they believe; archives that mean one
//! thing to the server and another to an agent are made of that. Here every byte must be accounted for: the
//! local headers follow each other from byte 0, agree with the central directory, and it ends the file. (Bytes
//! of an entry behind the end of its deflate stream are the exception: every reader passes over them.)

use std::io::{self, Read, Seek, SeekFrom};

use super::name::{self, Tree};
use super::{Limits, not_a_zip, read_failed, refused};
use crate::error::Result;

const END: &[u8; 4] = b"PK\x05\x06";
const CENTRAL: &[u8; 4] = b"PK\x01\x02";
const LOCAL: &[u8; 4] = b"PK\x03\x04";
const DESCRIPTOR: &[u8; 4] = b"PK\x07\x08";
const END_SIZE: u64 = 22;
const CENTRAL_SIZE: usize = 46;
const LOCAL_SIZE: u64 = 30;
/// Names, extra fields and comments of all entries.
const MAX_DIRECTORY_BYTES: u64 = 32 * 1024 * 1024;

const ENCRYPTED: u16 = 1;
const HAS_DESCRIPTOR: u16 = 1 << 3;
const PATCH: u16 = 1 << 5;
const STRONGLY_ENCRYPTED: u16 = 1 << 6;
const UTF8: u16 = 1 << 11;
const MASKED_HEADERS: u16 = 1 << 13;

pub(super) const STORED: u16 = 0;
const DEFLATED: u16 = 8;

/// What is more than a mebibyte and packed better than one to a hundred is a bomb.
const RATIO_FREE: u64 = 1024 * 1024;

/// One entry, as central directory and local header agree on it.
#[derive(Debug)]
pub(super) struct Entry {
    /// The checked path, without the `/` at the end of a folder.
    pub(super) path: String,
    pub(super) is_folder: bool,
    pub(super) is_executable: bool,
    pub(super) size: u64,
    pub(super) header_start: u64,
    packed: u64,
    crc: u32,
    flags: u16,
    method: u16,
    raw_name: Vec<u8>,
}

/// Reads and checks the whole directory of a zip of `length` bytes.
pub(super) fn read<R: Read + Seek>(reader: &mut R, length: u64, limits: &Limits) -> Result<Vec<Entry>> {
    let end = find_end(reader, length)?;
    let bytes = read_at(reader, end.start, usize::try_from(end.size).map_err(|_| not_a_zip())?)?;
    let mut rest = bytes.as_slice();
    // Before anything is allocated for them.
    if usize::from(end.count) > limits.entries {
        let why = format!("has more than {} entries; leave some out", limits.entries);
        return Err(refused("package.too_many", "", &why));
    }
    let mut entries = Vec::with_capacity(usize::from(end.count));
    let mut tree = Tree::default();
    for _ in 0..end.count {
        let (entry, used) = central_entry(rest, limits)?;
        tree.add(&entry.path, entry.is_folder)?;
        entries.push(entry);
        rest = &rest[used..];
    }
    if !rest.is_empty() {
        return Err(refused("package.format", "", "has more in its directory than it counts; pack it again"));
    }
    check_sizes(&entries, length, limits)?;
    check_layout(reader, &entries, end.start)?;
    Ok(entries)
}

struct End {
    count: u16,
    start: u64,
    size: u64,
}

fn find_end<R: Read + Seek>(reader: &mut R, length: u64) -> Result<End> {
    let tail_size = length.min(END_SIZE + u64::from(u16::MAX));
    let tail = read_at(reader, length - tail_size, usize::try_from(tail_size).map_err(|_| not_a_zip())?)?;
    let places: Vec<usize> =
        tail.windows(4).enumerate().filter(|(_, w)| w == END).map(|(at, _)| at).collect();
    // Exactly one, and its comment reaches the end of the file: two readers can't find two directories.
    let at = match places.as_slice() {
        [] => return Err(not_a_zip()),
        [at] => *at,
        _ => {
            return Err(refused(
                "package.format",
                "",
                "may be read in two ways; pack it again without a comment",
            ));
        }
    };
    let record = tail.get(at..at + 22).ok_or_else(not_a_zip)?;
    if usize::from(u16_at(record, 20)) != tail.len() - at - 22 {
        return Err(refused("package.format", "", "has bytes behind its end; pack it again"));
    }
    let (count, size, start) = (u16_at(record, 10), u32_at(record, 12), u32_at(record, 16));
    if count == u16::MAX || size == u32::MAX || start == u32::MAX {
        return Err(zip64(""));
    }
    if u16_at(record, 4) != 0 || u16_at(record, 6) != 0 || u16_at(record, 8) != count {
        return Err(refused("package.format", "", "is one part of several; pack it as one file"));
    }
    let end = End { count, start: u64::from(start), size: u64::from(size) };
    let end_start = length - tail_size + at as u64;
    if end.start + end.size != end_start {
        return Err(refused(
            "package.format",
            "",
            "has a directory that does not end where it should (zip64, or bytes before or between); pack it again",
        ));
    }
    Ok(end)
}

fn central_entry(bytes: &[u8], limits: &Limits) -> Result<(Entry, usize)> {
    let header = bytes.get(..CENTRAL_SIZE).filter(|header| header.starts_with(CENTRAL));
    let header =
        header.ok_or_else(|| refused("package.format", "", "has a damaged directory; pack it again"))?;
    let lengths = [28, 30, 32].map(|at| usize::from(u16_at(header, at)));
    let used = CENTRAL_SIZE + lengths.iter().sum::<usize>();
    let variable = bytes
        .get(CENTRAL_SIZE..used)
        .ok_or_else(|| refused("package.format", "", "has a damaged directory; pack it again"))?;
    let (raw_name, extra) = (&variable[..lengths[0]], &variable[lengths[0]..lengths[0] + lengths[1]]);
    let flags = u16_at(header, 8);
    let text = std::str::from_utf8(raw_name).ok().filter(|text| flags & UTF8 != 0 || text.is_ascii());
    let Some(text) = text else {
        let lossy = String::from_utf8_lossy(raw_name);
        return Err(refused(
            "package.path",
            &lossy,
            "has a name that is not marked as UTF-8; pack it with UTF-8 names, as python -m zipfile -c does",
        ));
    };
    let is_folder = text.ends_with('/') && text != "/";
    let path = if is_folder { &text[..text.len() - 1] } else { text };
    name::check(path, limits.path_bytes, limits.depth)?;
    let attributes = u32_at(header, 38);
    let entry = Entry {
        path: path.to_owned(),
        is_folder,
        is_executable: !is_folder && (attributes >> 16) & 0o111 != 0,
        size: u64::from(u32_at(header, 24)),
        header_start: u64::from(u32_at(header, 42)),
        packed: u64::from(u32_at(header, 20)),
        crc: u32_at(header, 16),
        flags,
        method: u16_at(header, 10),
        raw_name: raw_name.to_vec(),
    };
    if u16_at(header, 34) != 0 {
        return Err(refused(
            "package.format",
            path,
            "lies in another part of the archive; pack it as one file",
        ));
    }
    check_kind(&entry, attributes)?;
    check_extra(path, extra)?;
    check_form(&entry)?;
    Ok((entry, used))
}

/// The kind of file, from the Unix mode in the upper and the DOS attributes in the lower half. Both are read
/// whatever system the archive claims to come from, since readers differ in that.
fn check_kind(entry: &Entry, attributes: u32) -> Result<()> {
    const VOLUME_LABEL: u32 = 0x08;
    const DOS_FOLDER: u32 = 0x10;
    const DEVICE: u32 = 0x40;
    const REPARSE_POINT: u32 = 0x400;
    let refuse = |why: &str| Err(refused("package.kind", &entry.path, why));
    let mode = attributes >> 16;
    match mode & 0o170_000 {
        0 => {}
        0o100_000 if !entry.is_folder => {}
        0o040_000 if entry.is_folder => {}
        0o120_000 => return refuse("is a symbolic link; pack the file that it points to"),
        0o100_000 | 0o040_000 => {
            return refuse("is a folder by its name or by its mode, but not by both; pack it again");
        }
        _ => return refuse("is a device, pipe or socket; leave it out"),
    }
    if mode & 0o6_000 != 0 {
        return refuse("has the setuid or setgid bit; remove it");
    }
    if attributes & (VOLUME_LABEL | DEVICE | REPARSE_POINT) != 0 {
        return refuse("is a link, label or device by its Windows attributes; leave it out");
    }
    if attributes & DOS_FOLDER != 0 && !entry.is_folder {
        return refuse("is a folder by its Windows attributes, but not by its name; pack it again");
    }
    Ok(())
}

/// Refuses extra fields that rename an entry, make it a link, or move it beyond what this reader reads.
fn check_extra(path: &str, mut extra: &[u8]) -> Result<()> {
    const ZIP64: u16 = 0x0001;
    const PKWARE_UNIX: u16 = 0x000d;
    const STRONG_ENCRYPTION: u16 = 0x0017;
    const UNICODE_PATH: u16 = 0x7075;
    const ASI_UNIX: u16 = 0x756e;
    const AES: u16 = 0x9901;
    while extra.len() >= 4 {
        let (id, size) = (u16_at(extra, 0), usize::from(u16_at(extra, 2)));
        let Some(next) = extra.get(4 + size..) else {
            return Err(refused("package.format", path, "has a damaged extra field; pack it again"));
        };
        match id {
            ZIP64 => return Err(zip64(path)),
            STRONG_ENCRYPTION | AES => return Err(encrypted(path)),
            UNICODE_PATH => {
                return Err(refused(
                    "package.header",
                    path,
                    "has a second name; pack it with UTF-8 names, as python -m zipfile -c does",
                ));
            }
            PKWARE_UNIX | ASI_UNIX => {
                return Err(refused(
                    "package.kind",
                    path,
                    "may be a link by an extra field; pack it again without links",
                ));
            }
            _ => extra = next,
        }
    }
    if extra.is_empty() {
        return Ok(());
    }
    Err(refused("package.format", path, "has a damaged extra field; pack it again"))
}

fn check_form(entry: &Entry) -> Result<()> {
    let refuse = |code, why: &str| Err(refused(code, &entry.path, why));
    if entry.flags & (ENCRYPTED | STRONGLY_ENCRYPTED | MASKED_HEADERS) != 0 {
        return Err(encrypted(&entry.path));
    }
    if entry.flags & PATCH != 0 {
        return refuse("package.format", "is a patch of another file; pack it whole");
    }
    if [entry.size, entry.packed, entry.header_start].contains(&u64::from(u32::MAX)) {
        return Err(zip64(&entry.path));
    }
    match entry.method {
        STORED if entry.size == entry.packed => {}
        STORED => return refuse("package.header", "is stored with two different sizes; pack it again"),
        DEFLATED => {}
        _ => return refuse("package.method", "is compressed in a way that is not supported; use deflate"),
    }
    if entry.is_folder && (entry.size != 0 || entry.packed > 2 || entry.crc != 0) {
        return refuse("package.kind", "is a folder with content; pack it again");
    }
    Ok(())
}

fn check_sizes(entries: &[Entry], length: u64, limits: &Limits) -> Result<()> {
    let too_dense = |size: u64, packed: u64| size > RATIO_FREE && size / limits.ratio > packed;
    for entry in entries {
        if too_dense(entry.size, entry.packed) {
            let why =
                format!("is packed better than 1 to {}; leave it out, or pack it uncompressed", limits.ratio);
            return Err(refused("package.bomb", &entry.path, &why));
        }
    }
    let total: u64 = entries.iter().map(|entry| entry.size).sum();
    if total > limits.unpacked_bytes {
        let why = format!("holds more than {} bytes unpacked; leave large files out", limits.unpacked_bytes);
        return Err(refused("package.too_large", "", &why));
    }
    if too_dense(total, length) {
        let why = format!("is packed better than 1 to {}; leave out what repeats", limits.ratio);
        return Err(refused("package.bomb", "", &why));
    }
    Ok(())
}

/// Checks that the entries lie one behind the other, from byte 0 to the directory.
fn check_layout<R: Read + Seek>(reader: &mut R, entries: &[Entry], directory: u64) -> Result<()> {
    let mut order: Vec<&Entry> = entries.iter().collect();
    order.sort_unstable_by_key(|entry| entry.header_start);
    let mut expected = 0;
    for entry in order {
        if entry.header_start < expected {
            return Err(refused(
                "package.overlap",
                &entry.path,
                "shares bytes with another entry; pack it again",
            ));
        }
        if entry.header_start > expected {
            return Err(refused(
                "package.format",
                &entry.path,
                "has bytes before it that belong to no entry; pack it again",
            ));
        }
        expected = check_local(reader, entry, directory)?;
    }
    if expected == directory {
        return Ok(());
    }
    Err(refused(
        "package.format",
        "",
        "has bytes before its directory that belong to no entry; pack it again",
    ))
}

/// Checks the local header of an entry, and says where the next one begins.
fn check_local<R: Read + Seek>(reader: &mut R, entry: &Entry, directory: u64) -> Result<u64> {
    let differs = |what: &str| {
        let why = format!("has another {what} in its own header than in the directory; pack it again");
        Err(refused("package.header", &entry.path, &why))
    };
    let outside =
        || refused("package.overlap", &entry.path, "reaches into the archive's directory; pack it again");
    if entry.header_start + LOCAL_SIZE > directory {
        return Err(outside());
    }
    let header = read_at(reader, entry.header_start, 30)?;
    if !header.starts_with(LOCAL) {
        return Err(refused(
            "package.header",
            &entry.path,
            "has no header where the directory says; pack it again",
        ));
    }
    let (name_size, extra_size) = (u16_at(&header, 26), u16_at(&header, 28));
    let data = entry.header_start + LOCAL_SIZE + u64::from(name_size) + u64::from(extra_size);
    let end = data + entry.packed;
    if end > directory {
        return Err(outside());
    }
    let variable =
        read_at(reader, entry.header_start + LOCAL_SIZE, usize::from(name_size) + usize::from(extra_size))?;
    let (raw_name, extra) = variable.split_at(usize::from(name_size));
    if raw_name != entry.raw_name {
        return differs("name");
    }
    check_extra(&entry.path, extra)?;
    if u16_at(&header, 6) != entry.flags || u16_at(&header, 8) != entry.method {
        return differs("method");
    }
    let local = (u32_at(&header, 14), u64::from(u32_at(&header, 18)), u64::from(u32_at(&header, 22)));
    let has_descriptor = entry.flags & HAS_DESCRIPTOR != 0;
    let is_put_off = has_descriptor && local == (0, 0, 0);
    if !is_put_off && local != (entry.crc, entry.packed, entry.size) {
        return differs("size or checksum");
    }
    if !has_descriptor {
        return Ok(end);
    }
    let mut descriptor = Vec::with_capacity(12);
    for value in [u64::from(entry.crc), entry.packed, entry.size] {
        // All three fit: they were read from fields of four bytes.
        descriptor.extend_from_slice(&value.to_le_bytes()[..4]);
    }
    let room = usize::try_from((directory - end).min(16)).unwrap_or(16);
    let found = read_at(reader, end, room)?;
    let (signature, bare) = found.split_at(found.len().min(4));
    if signature == DESCRIPTOR && bare == descriptor {
        Ok(end + 16)
    } else if found.starts_with(&descriptor) {
        Ok(end + 12)
    } else {
        differs("size or checksum")
    }
}

fn zip64(path: &str) -> crate::Error {
    refused("package.format", path, "is in the zip64 form, which a package does not need; pack it without")
}

fn encrypted(path: &str) -> crate::Error {
    refused("package.encrypted", path, "is encrypted; pack it without a password and keep secrets in assets")
}

fn read_at<R: Read + Seek>(reader: &mut R, at: u64, size: usize) -> Result<Vec<u8>> {
    if size as u64 > MAX_DIRECTORY_BYTES {
        return Err(refused("package.too_many", "", "has a directory over 32 MiB; leave entries out"));
    }
    let mut bytes = vec![0; size];
    reader.seek(SeekFrom::Start(at)).and_then(|_| reader.read_exact(&mut bytes)).map_err(
        |error| match error.kind() {
            io::ErrorKind::UnexpectedEof => refused("package.format", "", "is cut off; send it again"),
            _ => read_failed(error),
        },
    )?;
    Ok(bytes)
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
