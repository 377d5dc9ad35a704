"""Reads an MCAP file with nothing but the standard library, by the specification (https://mcap.dev/spec), and checks it.

    python3 read_mcap.py FILE

Checks the magic, the lengths and order of records, the checksums of chunks, of the data section and of the summary, that the
summary tells the truth about the data, and that each message index points at its messages. Prints what the file holds as one
JSON object; messages with their data in base64. Chunks in Zstandard are decompressed by the program `zstd`.
"""

import base64
import json
import struct
import subprocess
import sys
import zlib

MAGIC = b"\x89MCAP0\r\n"
NAMES = {
    1: "Header", 2: "Footer", 3: "Schema", 4: "Channel", 5: "Message", 6: "Chunk", 7: "MessageIndex", 8: "ChunkIndex",
    9: "Attachment", 10: "AttachmentIndex", 11: "Statistics", 12: "Metadata", 13: "MetadataIndex", 14: "SummaryOffset",
    15: "DataEnd",
}


class Fields:
    """The fields of one record, in their order."""

    def __init__(self, data):
        self.data = data
        self.place = 0

    def bytes(self, length):
        if self.place + length > len(self.data):
            raise ValueError(f"a field of {length} bytes ends outside of its record of {len(self.data)}")
        start = self.place
        self.place += length
        return self.data[start : self.place]

    def number(self, form):
        return struct.unpack("<" + form, self.bytes(struct.calcsize("<" + form)))[0]

    def text(self):
        return self.bytes(self.number("I")).decode("utf-8")

    def pairs(self, key, value):
        end = self.number("I") + self.place
        found = []
        while self.place < end:
            found.append((key(), value()))
        check(self.place == end, "a list of pairs ends inside of a pair")
        return found

    def rest(self):
        return self.bytes(len(self.data) - self.place)


def check(holds, problem):
    if not holds:
        raise ValueError(problem)


def records(data, start, end):
    """Yields (offset, name, content, end) of each record."""
    while start < end:
        check(end - start >= 9, f"{end - start} bytes at {start} are no record")
        opcode, length = struct.unpack_from("<BQ", data, start)
        stop = start + 9 + length
        check(stop <= end, f"the record at {start} ends at {stop}, outside of its section")
        yield start, NAMES.get(opcode, f"unknown {opcode}"), data[start + 9 : stop], stop
        start = stop


def decompressed(compression, data, length):
    if compression == "":
        return data
    check(compression == "zstd", f"compression {compression!r} is not known here")
    done = subprocess.run(["zstd", "-dcq"], input=data, stdout=subprocess.PIPE, check=True)
    check(len(done.stdout) == length, f"a chunk has {len(done.stdout)} bytes, not {length}")
    return done.stdout


class File:
    def __init__(self, data):
        self.data = data
        self.schemas = {}
        self.channels = {}
        self.messages = []
        self.metadata = []
        self.metadata_places = []
        self.chunks = []

    def read(self):
        data = self.data
        check(data.startswith(MAGIC) and data.endswith(MAGIC), "the magic is missing")
        footer_start = len(data) - len(MAGIC) - 9 - 20
        footer = Fields(data[footer_start + 9 : len(data) - len(MAGIC)])
        check(data[footer_start] == 2, "the footer is missing")
        summary_start, offset_start, summary_crc = footer.number("Q"), footer.number("Q"), footer.number("I")
        check(zlib.crc32(data[summary_start : footer_start + 9 + 16]) == summary_crc, "the checksum of the summary is wrong")
        self.read_data(summary_start)
        self.read_summary(summary_start, offset_start, footer_start)

    def read_data(self, end):
        for number, (start, name, content, stop) in enumerate(records(self.data, len(MAGIC), end)):
            check((name == "Header") == (number == 0), f"record {number} is {name}")
            check(name != "DataEnd" or stop == end, "DataEnd is not the last record of the data")
            if name == "Chunk":
                self.read_chunk(start, stop, Fields(content))
            elif name == "MessageIndex":
                self.read_index(start, stop, Fields(content))
            elif name == "Metadata":
                fields = Fields(content)
                entry = [fields.text(), dict(fields.pairs(fields.text, fields.text))]
                self.metadata.append(entry)
                self.metadata_places.append((start, stop - start, entry[0]))
            elif name == "DataEnd":
                crc = struct.unpack("<I", content)[0]
                check(zlib.crc32(self.data[:start]) == crc, "the checksum of the data is wrong")
            else:
                check(name == "Header", f"{name} was not expected between chunks")

    def read_chunk(self, start, stop, fields):
        first, last, length, crc = fields.number("Q"), fields.number("Q"), fields.number("Q"), fields.number("I")
        compression = fields.text()
        compressed = fields.bytes(fields.number("Q"))
        content = decompressed(compression, compressed, length)
        check(zlib.crc32(content) == crc, f"the checksum of the chunk at {start} is wrong")
        messages = {}
        times = []
        for offset, name, body, _ in records(content, 0, len(content)):
            inner = Fields(body)
            if name == "Schema":
                number = inner.number("H")
                schema = {"name": inner.text(), "encoding": inner.text()}
                schema["data"] = base64.b64encode(inner.bytes(inner.number("I"))).decode()
                self.schemas[number] = schema
            elif name == "Channel":
                number, schema = inner.number("H"), inner.number("H")
                check(schema == 0 or schema in self.schemas, f"channel {number} comes before its schema {schema}")
                topic, encoding = inner.text(), inner.text()
                metadata = dict(inner.pairs(inner.text, inner.text))
                self.channels[number] = {"schema": schema, "topic": topic, "encoding": encoding, "metadata": metadata}
            else:
                check(name == "Message", f"{name} is not allowed in a chunk")
                channel, sequence = inner.number("H"), inner.number("I")
                log_time, publish_time = inner.number("Q"), inner.number("Q")
                check(channel in self.channels, f"a message comes before its channel {channel}")
                messages.setdefault(channel, []).append((log_time, offset))
                times.append(log_time)
                data = base64.b64encode(inner.rest()).decode()
                self.messages.append([channel, sequence, str(log_time), str(publish_time), data])
        check(min(times) == first and max(times) == last, f"the times of the chunk at {start} are wrong")
        sizes = (len(compressed), length)
        chunk = {"place": (start, stop - start), "times": (first, last), "compression": compression, "sizes": sizes}
        self.chunks.append({**chunk, "messages": messages, "indexes": {}, "index_end": stop})

    def read_index(self, start, stop, fields):
        chunk = self.chunks[-1]
        check(start == chunk["index_end"], "a message index is not behind its chunk")
        channel = fields.number("H")
        found = fields.pairs(lambda: fields.number("Q"), lambda: fields.number("Q"))
        check(found == chunk["messages"].get(channel, []), f"the index of channel {channel} points elsewhere")
        chunk["indexes"][channel] = start
        chunk["index_end"] = stop

    def read_summary(self, start, offset_start, end):
        schemas, channels, chunks, metadata, groups = {}, {}, [], [], {}
        statistics = None
        for place, name, content, stop in records(self.data, start, end):
            fields = Fields(content)
            if name != "SummaryOffset":
                first, _ = groups.setdefault(self.data[place], (place, stop))
                groups[self.data[place]] = (first, stop)
            if name == "Schema":
                number = fields.number("H")
                schemas[number] = fields.text()
            elif name == "Channel":
                number = fields.number("H")
                channels[number] = (fields.number("H"), fields.text())
            elif name == "Statistics":
                statistics = fields
            elif name == "MetadataIndex":
                metadata.append((fields.number("Q"), fields.number("Q"), fields.text()))
            elif name == "ChunkIndex":
                chunks.append(fields)
            else:
                check(name == "SummaryOffset", f"{name} is not allowed in the summary")
                check(place >= offset_start, "a summary offset lies before the section of offsets")
                opcode, first, length = fields.number("B"), fields.number("Q"), fields.number("Q")
                check(groups.get(opcode) == (first, first + length), f"the summary offset of {NAMES.get(opcode)} is wrong")
        used = {number: schema["name"] for number, schema in self.schemas.items()}
        check(used.items() <= schemas.items(), "the summary lacks a schema")
        topics = {number: (channel["schema"], channel["topic"]) for number, channel in self.channels.items()}
        check(topics.items() <= channels.items(), "the summary lacks a channel")
        check(metadata == self.metadata_places, "the index of the metadata is wrong")
        self.check_chunk_indexes(chunks)
        self.check_statistics(statistics, len(schemas), len(channels))

    def check_chunk_indexes(self, indexes):
        check(len(indexes) == len(self.chunks), f"{len(indexes)} chunks are indexed, {len(self.chunks)} are there")
        for fields, chunk in zip(indexes, self.chunks):
            times = (fields.number("Q"), fields.number("Q"))
            place = (fields.number("Q"), fields.number("Q"))
            offsets = dict(fields.pairs(lambda: fields.number("H"), lambda: fields.number("Q")))
            length = fields.number("Q")
            compression = fields.text()
            sizes = (fields.number("Q"), fields.number("Q"))
            found = {"times": times, "place": place, "compression": compression, "sizes": sizes, "indexes": offsets}
            check(found == {key: chunk[key] for key in found}, f"the index of the chunk at {place[0]} is wrong")
            check(sum(place) + length == chunk["index_end"], "the length of the message indexes is wrong")

    def check_statistics(self, fields, schemas, channels):
        check(fields is not None, "the statistics are missing")
        counts = (fields.number("Q"), fields.number("H"), *(fields.number("I") for _ in range(4)))
        check(counts == (len(self.messages), schemas, channels, 0, len(self.metadata), len(self.chunks)), "the counts are wrong")
        times = [int(message[2]) for message in self.messages] or [0]
        check((fields.number("Q"), fields.number("Q")) == (min(times), max(times)), "the times of the statistics are wrong")
        by_channel = dict(fields.pairs(lambda: fields.number("H"), lambda: fields.number("Q")))
        for channel in self.channels:
            count = sum(1 for message in self.messages if message[0] == channel)
            check(by_channel.get(channel, 0) == count, f"the count of channel {channel} is wrong")


def main():
    with open(sys.argv[1], "rb") as file:
        found = File(file.read())
    found.read()
    json.dump(
        {
            "schemas": found.schemas,
            "channels": found.channels,
            "messages": found.messages,
            "metadata": found.metadata,
            "chunks": len(found.chunks),
        },
        sys.stdout,
    )


main()
