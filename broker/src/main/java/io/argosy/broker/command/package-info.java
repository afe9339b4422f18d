/**
 * The replicated commands and their bytes. Whatever changes state is one of these, stamped by the leader. All numbers
 * are big endian; texts are UTF-8 behind a length of two bytes.
 *
 * <p>Every payload begins with
 *
 * <pre>
 * field            offset  sizeBytes  meaning
 * kind                  0          1  {@link io.argosy.broker.command.Command.Kind#code()}
 * version               1          1  layout version of the kind; all kinds: 1
 * timestamp             2          8  the proposer's clock, milliseconds since 1970
 * </pre>
 *
 * PUBLISH, messages for one queue ({@link io.argosy.broker.command.PublishBatch}):
 *
 * <pre>
 * topicId              10          4
 * queueId              14          4
 * clientHashHigh       18          8  128-bit hash of the producer's client id;
 * clientHashLow        26          8  both 0: duplicates are not looked for
 * count                34          2  messages, 1 to 65535, unsigned
 * table                36  8 * count  per message: length (4), hash of the tag or 0 (4)
 * messages                            as the clients sent them, back to back
 * </pre>
 *
 * CREATE_TOPIC ({@link io.argosy.broker.command.CreateTopic}):
 *
 * <pre>
 * queueCount           10          4
 * retentionMillis      14          8
 * name                 22      2 + n
 * </pre>
 *
 * DELETE_TOPIC ({@link io.argosy.broker.command.DeleteTopic}):
 *
 * <pre>
 * name                 10      2 + n
 * </pre>
 *
 * TRIM_LOG ({@link io.argosy.broker.command.TrimLog}):
 *
 * <pre>
 * upToIndex            10          8  messages in entries up to here are gone
 * </pre>
 *
 * PUBLISH_COMPACT is laid out in {@code io.argosy.wire.batch}; CONSUME is laid out in {@code io.argosy.broker.consume}.
 */
@NullMarked
package io.argosy.broker.command;

import org.jspecify.annotations.NullMarked;
