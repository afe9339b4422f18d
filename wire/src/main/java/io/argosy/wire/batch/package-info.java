/**
 * Compact batches: many messages of one producer for one queue, as one run of bytes. The same bytes are written by the
 * client, stored in the log, sent to followers and sent to consumers; only the client looks at single messages. Their
 * first 18 bytes are those of a broker's command, so that a leader stores what it received after it has set the
 * timestamp and the topic id in place. Knows nothing of topics, queues or the log.
 *
 * <p>All numbers are big endian; <i>varint</i> is protobuf's. {@link io.argosy.wire.batch.CompactBatch}:
 *
 * <pre>
 * field        offset  sizeBytes  meaning
 * kind              0          1  6
 * version           1          1  1
 * timestamp         2          8  leader's clock, milliseconds since 1970; 0 from the client
 * topicId          10          4  set by the leader; 0 from the client
 * queueId          14          4
 * producer         18          8  random per producer; 0: duplicates are not looked for
 * sequence         26          8  of this batch among the producer's batches for this queue, from 1
 * bornMillis       34          8  client's clock, milliseconds since 1970
 * idSeconds        42          4  message i has the id "01" and then, in hexadecimal digits, producer, idSeconds and
 * idCounter        46          4  idCounter + i
 * count            50          4  messages, 1 to 65535
 * flags            54          1  1: all bodies have one length; 2: messages have attributes
 * codec            55          1  of the bodies: {@link io.argosy.wire.batch.BodyCodec}
 * bodiesBytes      56          4  of all bodies, before compression
 * metaBytes        60          4
 * crc              64          4  CRC-32C of bytes 14 to 63 and of all from 68 on
 * meta             68  metaBytes  see below
 * bodies                          back to back, or compressed as one block; to the end
 *
 * meta:
 * bornHost         varint length, then UTF-8
 * lengthsBytes     varint, of the next field
 * lengths          varint per message: of its body; only one if all are the same
 * attributes       with flag 2, per message: varint length and entries of Message.user_properties; varint length and
 *                  the fields tag and keys of SystemProperties; all as protobuf fields with their tags
 * </pre>
 */
@NullMarked
package io.argosy.wire.batch;

import org.jspecify.annotations.NullMarked;
