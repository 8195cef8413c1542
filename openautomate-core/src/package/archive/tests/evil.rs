//! The corpus of evil archives: each is refused with its code, fast, and leaves nothing behind.

use std::time::{Duration, Instant};

use super::builder::{File, Zip, deflate, extra};
use super::*;

type Case = (String, &'static str, Vec<u8>);

fn case(what: impl Into<String>, code: &'static str, zip: &Zip) -> Case {
    (what.into(), code, zip.bytes())
}

/// Beside the script that makes the rest of the archive good.
fn with(file: File) -> Zip {
    Zip::of([script(), file])
}

fn harmless() -> File {
    File::stored("data.txt", b"some text")
}

fn names() -> Vec<Case> {
    let deep = "d/".repeat(40) + "x";
    let long = format!("{}/{}", "a".repeat(150), "b".repeat(150));
    let bad = [
        "../evil",
        "a/../../evil",
        "a/..",
        "..",
        ".",
        "./a",
        "a/./b",
        "/etc/evil",
        "//server/share",
        "/",
        "C:\\evil",
        "C:evil",
        "c:/evil",
        "\\\\server\\share",
        "a\\..\\..\\evil",
        "a\\b",
        "nul",
        "a\0b",
        "a\nb",
        "a\u{1b}[2Jb",
        "a\u{7f}",
        "a\u{9b}b",
        "CON",
        "con.txt",
        "a/NUL",
        "aux.tar.gz",
        "PRN",
        "COM1",
        "com1.log",
        "LPT9.txt",
        "COM¹",
        "CONIN$",
        "nul .txt",
        "a.",
        "a ",
        "a./b",
        "a /b",
        " a",
        "a//b",
        "a:stream",
        "a.txt::$DATA",
        "a?b",
        "a*b",
        "a|b",
        "a<b",
        "a\"b",
        "e\u{301}",
        "a\u{202e}txt.exe",
        "a\u{200b}b",
        "\u{feff}a",
        &deep,
        &long,
        "...",
        "~/../../x",
    ];
    bad.into_iter()
        .map(|name| case(format!("name {name:?}"), "package.path", &with(File::stored(name, b"x"))))
        .chain([
            case("no name", "package.path", &with(File::stored("", b"x"))),
            case("folder ../", "package.path", &with(File::folder("../evil/"))),
            case("folder with two slashes", "package.path", &with(File::folder("a//"))),
            case("not UTF-8", "package.path", &with(harmless().with(|h| h.name = b"a\xffb".to_vec()))),
            case(
                "not UTF-8 but marked so",
                "package.path",
                &with(harmless().with(|h| (h.name, h.flags) = (b"a\xffb".to_vec(), 1 << 11))),
            ),
            case("unmarked UTF-8", "package.path", &with(File::stored("é", b"x").with(|h| h.flags = 0))),
        ])
        .collect()
}

fn clashes() -> Vec<Case> {
    let pair = |one: &str, two: &str| Zip::of([script(), File::stored(one, b"1"), File::stored(two, b"2")]);
    vec![
        case("same name twice", "package.duplicate", &pair("a", "a")),
        case("the script twice", "package.duplicate", &with(script())),
        case("case of files", "package.duplicate", &pair("a.txt", "A.TXT")),
        case("case of folders", "package.duplicate", &pair("a/x", "A/y")),
        case("case beyond ASCII", "package.duplicate", &pair("straße", "STRASSE")),
        case("file, then folder", "package.duplicate", &pair("a", "a/b")),
        case("folder, then file", "package.duplicate", &pair("a/b", "a")),
        case(
            "folder twice",
            "package.duplicate",
            &Zip::of([script(), File::folder("a/"), File::folder("a/")]),
        ),
        case(
            "file and folder entry",
            "package.duplicate",
            &Zip::of([script(), File::stored("a", b""), File::folder("a/")]),
        ),
        case(
            "link, then a file through it",
            "package.kind",
            &Zip::of([
                script(),
                File::stored("link", b"/tmp").with_mode(0o120_777),
                File::stored("link/evil", b"x"),
            ]),
        ),
    ]
}

fn kinds() -> Vec<Case> {
    let mode = |what: &str, mode| case(what, "package.kind", &with(harmless().with_mode(mode)));
    let attributes = |what: &str, attributes| {
        let mut file = harmless();
        (file.attributes, file.system) = (attributes, 0);
        case(what, "package.kind", &with(file))
    };
    let mut dos_link = harmless().with_mode(0o120_777);
    dos_link.system = 0;
    vec![
        mode("symbolic link", 0o120_777),
        mode("character device", 0o020_644),
        mode("block device", 0o060_644),
        mode("pipe", 0o010_644),
        mode("socket", 0o140_644),
        mode("setuid", 0o104_755),
        mode("setgid", 0o102_755),
        mode("folder by mode only", 0o040_755),
        case("link that claims to be from DOS", "package.kind", &with(dos_link)),
        case("file mode on a folder", "package.kind", &with(File::stored("a/", b""))),
        case("folder with content", "package.kind", &with(File::stored("a/", b"x").with_mode(0o040_755))),
        attributes("volume label", 0x08),
        attributes("device attribute", 0x40),
        attributes("reparse point", 0x400),
        attributes("folder attribute on a file", 0x10),
        case(
            "hard link by PKWARE field",
            "package.kind",
            &with(harmless().with(|h| h.extra = extra(0x0d, b"0123456789abtarget"))),
        ),
        case(
            "link by ASi field",
            "package.kind",
            &with(harmless().with(|h| h.extra = extra(0x756e, b"crc mode target"))),
        ),
    ]
}

fn forms() -> Vec<Case> {
    let flag = |what: &str, code, bit: u16| case(what, code, &with(harmless().with(|h| h.flags |= bit)));
    let method =
        |id| case(format!("method {id}"), "package.method", &with(harmless().with(|h| h.method = id)));
    let field = |what: &str, code, id| {
        case(what, code, &with(harmless().with(|h| h.extra = extra(id, b"0123456789"))))
    };
    let mut disk = harmless();
    disk.disk = 1;
    let mut local_zip64 = harmless();
    local_zip64.local.extra = extra(1, &[0; 16]);
    vec![
        flag("encrypted", "package.encrypted", 1),
        flag("strongly encrypted", "package.encrypted", 1 << 6),
        flag("masked headers", "package.encrypted", 1 << 13),
        flag("patch data", "package.format", 1 << 5),
        field("AES field", "package.encrypted", 0x9901),
        field("zip64 field", "package.format", 1),
        field("second name by Unicode field", "package.header", 0x7075),
        case("zip64 field in the local header", "package.format", &with(local_zip64)),
        case(
            "damaged extra field",
            "package.format",
            &with(harmless().with(|h| h.extra = vec![5, 5, 9, 9, 1])),
        ),
        case("cut extra field", "package.format", &with(harmless().with(|h| h.extra = vec![5, 5]))),
        case("zip64 size", "package.format", &with(harmless().with(|h| h.size = u32::MAX))),
        case("on another disk", "package.format", &with(disk)),
        method(1),
        method(6),
        method(9),
        method(12),
        method(14),
        method(93),
        method(95),
        method(99),
        method(0x4242),
    ]
}

fn lies() -> Vec<Case> {
    let differ = |what: &str, change: fn(&mut File)| {
        let mut file = File::deflated("data.txt", b"some text some text some text");
        change(&mut file);
        case(what, "package.header", &with(file))
    };
    vec![
        differ("other local name", |f| f.local.name = b"evil.txt".to_vec()),
        differ("other local name with ..", |f| f.local.name = b"../e.txt".to_vec()),
        differ("other local method", |f| f.local.method = 0),
        differ("other local flags", |f| f.local.flags = 1 << 11),
        differ("other local checksum", |f| f.local.crc ^= 1),
        differ("other local size", |f| f.local.size += 1),
        differ("sizes put off without a descriptor", |f| {
            (f.local.crc, f.local.packed, f.local.size) = (0, 0, 0);
        }),
        differ("wrong descriptor", |f| {
            *f = f.clone().with_descriptor(true);
            f.descriptor[5] ^= 1;
        }),
        differ("descriptor that is none", |f| {
            *f = f.clone().with_descriptor(true);
            f.descriptor = vec![0; 16];
        }),
        differ("two sizes of a stored file", |f| *f = harmless().with(|h| h.size += 1)),
        differ("shorter than it says", |f| *f = f.clone().with(|h| h.size += 1)),
    ]
}

fn damage() -> Vec<Case> {
    let crc = harmless().with(|h| h.crc ^= 1);
    let deflated = |data: Vec<u8>, size: usize| {
        let size = u32::try_from(size).unwrap();
        let mut file = File::deflated("data.bin", b"").with(|h| h.size = size);
        let packed = u32::try_from(data.len()).unwrap();
        file.data = data;
        file.with(|h| h.packed = packed)
    };
    let text = b"some text some text some text".repeat(50);
    let cut = deflate(&text);
    let half = cut[..cut.len() / 2].to_vec();
    vec![
        case("bad checksum", "package.damaged", &with(crc)),
        case("bad checksum of the script", "package.damaged", &Zip::of([script().with(|h| h.crc ^= 1)])),
        case("garbage instead of deflate", "package.damaged", &with(deflated(vec![0xff; 40], 40))),
        case("cut deflate stream", "", &with(deflated(half, text.len()))),
        case("nothing instead of deflate", "", &with(deflated(Vec::new(), 10))),
        case("larger than it says", "package.damaged", &with(deflated(deflate(&[0; 900_000]), 10))),
    ]
}

fn bombs() -> Vec<Case> {
    let zeros = vec![0; 3 << 20];
    let bomb = File::deflated("zeros.bin", &zeros);
    let huge = harmless().with(|h| (h.method, h.size) = (8, 0xffff_fffe));
    let spread = (0..12).map(|n| File::deflated(&format!("part-{n}"), &zeros[..1 << 20]));
    let quoted = |count: u32| {
        // The overlapping bomb: many entries over one kernel.
        let kernel = Zip::of([script(), File::deflated("kernel", &zeros[..1 << 20])]);
        let mut zip = kernel;
        let start = u32::try_from(Zip::of([script()]).files[0].data.len()).unwrap() + 30 + 7;
        for index in 0..count {
            let mut file = zip.files[1].clone();
            file.central.name = format!("kernel-{index}").into_bytes();
            file.offset = Some(start);
            file.data = Vec::new();
            zip.files.push(file);
        }
        zip
    };
    let many = Zip::of((0..20_001).map(|n| File::stored(&format!("{n}"), b"")));
    vec![
        case("1 to 1000", "package.bomb", &with(bomb)),
        case("4 GiB by its header", "package.bomb", &with(huge)),
        case("many of one mebibyte", "package.bomb", &Zip::of([script()].into_iter().chain(spread))),
        case("overlapping entries", "", &quoted(40)),
        case("too many entries", "package.too_many", &many),
        case("says 65534 entries", "package.too_many", &Zip { count: Some(65_534), ..Zip::of([script()]) }),
    ]
}

fn layouts() -> Vec<Case> {
    let base = Zip::of([script(), harmless()]);
    let good = base.bytes();
    let mut same_place = harmless();
    same_place.offset = Some(0);
    let mut hidden = base.clone();
    hidden.before_directory = good[..60].to_vec();
    let mut beyond = harmless();
    beyond.offset = Some(0xffff_0000);
    let mut elsewhere = harmless();
    elsewhere.offset = Some(60);
    let mut unsigned = good.clone();
    // The second local header begins behind the header, name and text of the script.
    unsigned[30 + 7 + 15] = b'X';
    let nested = Zip { comment: good.clone(), ..Zip::of([script()]) };
    let locator = [b"PK\x06\x07".as_slice(), &[0; 16]].concat();
    let record = [b"PK\x06\x06".as_slice(), &[0; 52], b"PK\x06\x07", &[0; 16]].concat();
    vec![
        ("no bytes".into(), "package.format", Vec::new()),
        ("text".into(), "package.format", b"this is no zip file, but long enough to be one".to_vec()),
        ("a tar".into(), "package.format", vec![0; 10_240]),
        ("cut at the end".into(), "package.format", good[..good.len() - 1].to_vec()),
        ("cut in half".into(), "package.format", good[..good.len() / 2].to_vec()),
        ("begins late".into(), "package.format", good[10..].to_vec()),
        case(
            "bytes before (an executable)",
            "package.format",
            &Zip { prefix: b"MZ stub".to_vec(), ..base.clone() },
        ),
        ("bytes before that nothing counts".into(), "package.format", [b"MZ".as_slice(), &good].concat()),
        case("bytes behind", "package.format", &Zip { suffix: b"x".to_vec(), ..base.clone() }),
        ("two archives in a row".into(), "package.format", good.repeat(2)),
        case("an archive in the comment", "package.format", &nested),
        case("entry hidden from the directory", "package.format", &hidden),
        case(
            "bytes between directory and end",
            "package.format",
            &Zip { after_directory: vec![0; 4], ..base.clone() },
        ),
        case("zip64 locator", "package.format", &Zip { after_directory: locator, ..base.clone() }),
        case("zip64 record", "package.format", &Zip { after_directory: record, ..base.clone() }),
        case("zip64 count", "package.format", &Zip { count: Some(u16::MAX), ..base.clone() }),
        case("zip64 start", "package.format", &Zip { directory_start: Some(u32::MAX), ..base.clone() }),
        case("counts too few", "package.format", &Zip { count: Some(1), ..base.clone() }),
        case("counts too many", "package.format", &Zip { count: Some(3), ..base.clone() }),
        case("several disks", "package.format", &Zip { disk: 1, ..base.clone() }),
        case(
            "directory beyond the file",
            "package.format",
            &Zip { directory_start: Some(1 << 30), ..base.clone() },
        ),
        case(
            "directory size of 4 GiB",
            "package.format",
            &Zip { directory_size: Some(0xffff_fff0), ..base.clone() },
        ),
        case("two entries in one place", "package.overlap", &with(same_place)),
        case("header elsewhere", "package.format", &with(elsewhere)),
        ("header without a signature".into(), "package.header", unsigned),
        case("header beyond the file", "package.format", &with(beyond)),
        case(
            "data reaches into the directory",
            "",
            &with(harmless().with(|h| (h.packed, h.size) = (60, 60))),
        ),
        case("empty archive", "package.manifest", &Zip::default()),
    ]
}

#[test]
fn evil_archives_are_refused_and_leave_nothing() {
    let corpus = [names(), clashes(), kinds(), forms(), lies(), damage(), bombs(), layouts()].concat();
    let distinct: std::collections::HashSet<&[u8]> = corpus.iter().map(|(_, _, bytes)| &bytes[..]).collect();
    assert!(distinct.len() >= 150, "{} of {}", distinct.len(), corpus.len());
    for (what, code, bytes) in corpus {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("inner");
        fs::create_dir(&inner).unwrap();
        let begun = Instant::now();
        let checked = Archive::check(Cursor::new(&bytes), &Limits::default());
        let error = checked.map(|checked| checked.files).expect_err(&what);
        assert_eq!(error.kind(), ErrorKind::Invalid, "{what}: {error:?}");
        assert!(error.code().starts_with("package."), "{what}: {error:?}");
        assert!(code.is_empty() || error.code() == code, "{what}: {error:?}");
        assert!(!error.message().chars().any(char::is_control), "{what}: {error:?}");
        let unpacked = unpack(&bytes, &inner.join("out"));
        assert_eq!(unpacked.expect_err(&what).code(), error.code(), "{what}");
        assert!(begun.elapsed() < Duration::from_secs(2), "{what}: {:?}", begun.elapsed());
        assert_eq!(names_below(folder.path()), ["inner"], "{what}");
    }
}
