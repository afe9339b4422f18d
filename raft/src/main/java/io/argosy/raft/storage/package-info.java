/**
 * The segmented log, the hard state, the store's identity. Decides nothing; says what is durable and when. Reaches the
 * disk through {@link io.argosy.raft.storage.Disk} only.
 *
 * <p><b>Threads.</b> One writer appends, syncs, truncates and trims. Any thread reads. One keeper, started by {@link
 * io.argosy.raft.storage.LocalStore#open}, saves the tail mark and writes zeros ahead of the writer; under simulated time
 * {@link io.argosy.raft.storage.LocalStore#maintain} does its work.
 *
 * <p><b>Invariants.</b>
 *
 * <ul>
 *   <li>What {@code sync} covered is read back, or reported as damage and never served; the log never looks shorter.
 *   <li>A segment is repaired by a whole new file that takes its name.
 *   <li>No byte of a segment is changed in place. A truncation is a record of its own; only a torn tail, which was never
 *       durable, is cut off.
 *   <li>Any number of appends may share one sync. Each record says how many bytes in front of it were not yet durable,
 *       so that a record proves its predecessors exactly as far as they were forced.
 *   <li>A segment is made only when the one in front of it is durable, and has its name only when its header is.
 *   <li>A file is deleted only when the tail mark, durable, no longer asks for it; or where a crash then leaves the log as
 *       long as it was, with what is gone of it damaged.
 *   <li>After an I/O error nothing is written any more (R30), but for the note that unsynced entries may be lost. {@link
 *       io.argosy.raft.storage.DiskFullException} is no such error: the write was taken back and may be repeated (R35).
 * </ul>
 *
 * <p><b>Files</b> of a data folder; all integers big endian, all checksums CRC-32C, format 1 (the first):
 *
 * <pre>
 * LOCK                      held exclusively while a process uses the folder
 * identity                  who the store is; replaced as a whole
 * hardstate                 term and vote; two slots
 * tailmark                  evidence of the log's end; two slots
 * membership                the newest memberships, should the log lose them; two slots
 * 00000000000000000001.log  a segment, named by its first index
 * 00000000000000000001.index  what a scan of a sealed segment finds; a cache
 * snapshot/                 a snapshot that is being received; without the manifest it is deleted at the next start
 * snapshot.manifest         it is whole, and being taken over: each start begins the log behind it anew
 * checkpoint/               a snapshot for others, written by the state machine; deleted at each start
 * evidence/                 what a replica left behind when it stopped because it could not go on; never read
 * patch/                    a segment that is written anew; deleted at each start
 * *.tmp                     being written; ignored and deleted
 *
 * identity    offset  sizeBytes  meaning
 * magic            0          4  "ARGI"
 * format           4          4  1; 2 if there is a recovery epoch
 * storeUuid        8         16
 * nameBytes       24          4
 * groupName       28          n  UTF-8; empty before adoption
 * membersBytes  28+n          4
 * members       32+n          m  Membership at adoption; entry 1 is made of it
 * recoveryEpoch 32+n+m        8  format 2 only: rises with each recovery by force
 * crc                         4  of everything before
 *
 * slot (hardstate, tailmark): at 0 and 4096 (membership: 8192); a value of version v lies in slot v mod 2, the highest
 *   whole one counts
 * magic            0          4  "ARGH", "ARGM", "ARGN"
 * valueBytes       4          4
 * version          8          8
 * value           16          n
 * crc           16+n          4  of everything before
 * value of hardstate: term 8, votedFor 4 (0 = nobody); while it votes as a log that it gave up: its last term 8, last
 *   index 8 (or 0, 0); while the log is written without syncing it: boot id of the machine 16; each save fills both slots
 * value of tailmark: firstIndex 8, segment's firstIndex 8, its epoch 8, position 8, lastIndex 8, lastTerm 8, cuts 12;
 *   while entries are in doubt: the first of them 8, the last 8
 * value of membership: the last two at most, ascending, each: index 8, membersBytes 4, members; each save fills both slots
 *
 * snapshot.manifest
 * magic            0          4  "ARGP"
 * format           4          4  1
 * index            8          8
 * term            16          8
 * configIndex     24          8
 * membersBytes    32          4  0 if none
 * members         36          m
 * files         36+m          4  then for each: nameBytes 2, name (ASCII), size 8, CRC-32C of all of it 4
 * crc                         4  of everything before
 *
 * rewrite
 * magic            0          4  "ARGW"
 * epoch            4          8  of the segment
 * position        12          8  in it
 * sizeBytes       20          4
 * bytes           24          b
 * crc                         4  of everything before
 *
 * segment     offset  sizeBytes  meaning
 * header           0       4096
 * header copy   4096       4096  the same bytes
 * records       8192             each at a multiple of 512; zeros up to the next one
 *
 * header      offset  sizeBytes  meaning
 * magic            0          4  "ARGS"
 * version          4          4  1
 * epoch            8          8  random; seeds every checksum of a record
 * firstIndex      16          8
 * prevTerm        24          8  term of the entry before the first index
 * prevEpoch       32          8  epoch of the segment before, 0 if none; with prevCuts -1: written as a whole
 * prevChain       40          4  headCrc of its last record
 * prevCuts        44         12  truncations in it: count 4 (-1 unknown), lowest index 8
 * configIndex     56          8  membership in force before the first index
 * membersBytes    64          4  0 if none
 * members         68          m
 * crc           4092          4  of bytes 0 to 4091
 *
 * record      offset  sizeBytes  meaning
 * magic            0          4  0xA7B01D01: negative, unlike the first field of an entry
 * version          4          1  1
 * kind             5          1  1 entries, 2 truncation
 * flags            6          2  bit 0: holds a CONFIG entry
 * bodyBytes        8          4  b; about 4 MiB at most, except for a single larger entry
 * count           12          4  entries
 * firstIndex      16          8  of the entries; or the lowest index that is dropped
 * term            24          8  of all entries; or of the entry before firstIndex
 * prevChain       32          4  headCrc of the record before
 * unsyncedBytes   36          4  in front of this record that were not durable when it was written
 * headersCrc      40          4  of the 32-byte headers of all entries; payloads have their own
 * cuts            44         12  truncations in this segment, this record included: count 4, lowest index 8
 * headCrc         56          4  of epoch, position and bytes 0 to 55
 * body            60          b  frames of {@link io.argosy.raft.Entry}
 * magic         60+b          4  0xA7B0E502
 * unpaddedBytes 64+b          4  b + 92
 * lastIndex     68+b          8
 * term          76+b          8
 * headCrc       84+b          4  the same as above
 * trailerCrc    88+b          4  of epoch, position and the 28 bytes before
 * padding       92+b             zeros up to a multiple of 512
 * </pre>
 *
 * <p><b>Why these bytes.</b> 92 bytes and on average 256 of padding per <em>append</em>, none per entry: 0.03 % of a batch
 * of 1 MiB, and nothing that a force of 4 KiB would notice. The trailer needs no sector of its own: a flipped bit hits the
 * body or the trailer, never both, and it lies in another sector than the head of any body of 420 bytes. Epoch and
 * position in the checksums make old bytes, moved bytes and forged bytes inside a message body worthless as evidence.
 * The sector alignment is not for speed: a torn write may destroy a whole sector, which must hold nothing older. See
 * {@code docs/adr/0004-the-log-proves-what-was-durable.md}.
 */
@NullMarked
package io.argosy.raft.storage;

import org.jspecify.annotations.NullMarked;
