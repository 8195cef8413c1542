//! Writes zips byte by byte, so that a test can make any field lie.

use std::io::Write as _;

/// What one header says; local and central are separate, to let them differ.
#[derive(Clone)]
pub(super) struct Header {
    pub(super) name: Vec<u8>,
    pub(super) flags: u16,
    pub(super) method: u16,
    pub(super) crc: u32,
    pub(super) packed: u32,
    pub(super) size: u32,
    pub(super) extra: Vec<u8>,
}

/// An entry.
#[derive(Clone)]
pub(super) struct File {
    pub(super) local: Header,
    pub(super) central: Header,
    pub(super) attributes: u32,
    /// 3 is Unix, 0 is DOS.
    pub(super) system: u8,
    pub(super) data: Vec<u8>,
    pub(super) descriptor: Vec<u8>,
    /// Instead of where the local header is.
    pub(super) offset: Option<u32>,
    pub(super) disk: u16,
}

impl File {
    pub(super) fn stored(name: &str, content: &[u8]) -> Self {
        Self::new(name, 0, content.to_vec(), content)
    }

    pub(super) fn deflated(name: &str, content: &[u8]) -> Self {
        Self::new(name, 8, deflate(content), content)
    }

    pub(super) fn folder(name: &str) -> Self {
        Self::stored(name, b"").with_mode(0o040_755)
    }

    fn new(name: &str, method: u16, data: Vec<u8>, content: &[u8]) -> Self {
        let header = Header {
            name: name.as_bytes().to_vec(),
            flags: if name.is_ascii() { 0 } else { 1 << 11 },
            method,
            crc: crc32(content),
            packed: u32::try_from(data.len()).unwrap(),
            size: u32::try_from(content.len()).unwrap(),
            extra: Vec::new(),
        };
        Self {
            local: header.clone(),
            central: header,
            attributes: 0o100_644 << 16,
            system: 3,
            data,
            descriptor: Vec::new(),
            offset: None,
            disk: 0,
        }
    }

    pub(super) fn with_mode(mut self, mode: u32) -> Self {
        self.attributes = mode << 16;
        self
    }

    /// Changes both headers.
    pub(super) fn with(mut self, change: impl Fn(&mut Header)) -> Self {
        change(&mut self.local);
        change(&mut self.central);
        self
    }

    pub(super) fn with_descriptor(mut self, has_signature: bool) -> Self {
        if has_signature {
            self.descriptor.extend(b"PK\x07\x08");
        }
        for value in [self.local.crc, self.local.packed, self.local.size] {
            self.descriptor.extend(value.to_le_bytes());
        }
        (self.local.crc, self.local.packed, self.local.size) = (0, 0, 0);
        self.with(|header| header.flags |= 8)
    }
}

/// An archive.
#[derive(Clone, Default)]
pub(super) struct Zip {
    pub(super) files: Vec<File>,
    pub(super) prefix: Vec<u8>,
    pub(super) before_directory: Vec<u8>,
    pub(super) after_directory: Vec<u8>,
    pub(super) suffix: Vec<u8>,
    pub(super) comment: Vec<u8>,
    /// Instead of the true number of entries.
    pub(super) count: Option<u16>,
    pub(super) disk: u16,
    pub(super) directory_size: Option<u32>,
    pub(super) directory_start: Option<u32>,
}

impl Zip {
    pub(super) fn of(files: impl IntoIterator<Item = File>) -> Self {
        Self { files: files.into_iter().collect(), ..Self::default() }
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.prefix.clone();
        let mut directory = Vec::new();
        for file in &self.files {
            let offset = file.offset.unwrap_or_else(|| u32::try_from(bytes.len()).unwrap());
            bytes.extend(b"PK\x03\x04");
            bytes.extend(20_u16.to_le_bytes());
            header(&mut bytes, &file.local);
            bytes.extend(&file.local.name);
            bytes.extend(&file.local.extra);
            bytes.extend(&file.data);
            bytes.extend(&file.descriptor);

            directory.extend(b"PK\x01\x02");
            directory.extend([20, file.system, 20, 0]);
            header(&mut directory, &file.central);
            directory.extend(0_u16.to_le_bytes());
            directory.extend(file.disk.to_le_bytes());
            directory.extend(0_u16.to_le_bytes());
            directory.extend(file.attributes.to_le_bytes());
            directory.extend(offset.to_le_bytes());
            directory.extend(&file.central.name);
            directory.extend(&file.central.extra);
        }
        bytes.extend(&self.before_directory);
        let start = u32::try_from(bytes.len()).unwrap();
        let size = u32::try_from(directory.len()).unwrap();
        bytes.extend(directory);
        bytes.extend(&self.after_directory);
        bytes.extend(b"PK\x05\x06");
        let count = self.count.unwrap_or_else(|| u16::try_from(self.files.len()).unwrap());
        for value in [self.disk, self.disk, count, count] {
            bytes.extend(value.to_le_bytes());
        }
        bytes.extend(self.directory_size.unwrap_or(size).to_le_bytes());
        bytes.extend(self.directory_start.unwrap_or(start).to_le_bytes());
        bytes.extend(u16::try_from(self.comment.len()).unwrap().to_le_bytes());
        bytes.extend(&self.comment);
        bytes.extend(&self.suffix);
        bytes
    }
}

/// The fields that both headers have in the same order.
fn header(bytes: &mut Vec<u8>, header: &Header) {
    bytes.extend(header.flags.to_le_bytes());
    bytes.extend(header.method.to_le_bytes());
    bytes.extend([0, 0, 0x21, 0]);
    for value in [header.crc, header.packed, header.size] {
        bytes.extend(value.to_le_bytes());
    }
    for length in [header.name.len(), header.extra.len()] {
        bytes.extend(u16::try_from(length).unwrap().to_le_bytes());
    }
}

/// An extra field.
pub(super) fn extra(id: u16, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).unwrap();
    [&id.to_le_bytes(), &length.to_le_bytes(), data].concat()
}

/// The raw deflate stream, cut out of an archive that the zip crate makes.
pub(super) fn deflate(content: &[u8]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    writer.start_file("x", options).unwrap();
    writer.write_all(content).unwrap();
    let mut archive = writer.finish_into_readable().unwrap();
    let mut data = Vec::new();
    std::io::Read::read_to_end(&mut archive.by_index_raw(0).unwrap(), &mut data).unwrap();
    data
}

fn crc32(content: &[u8]) -> u32 {
    !content.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg()))
    })
}
