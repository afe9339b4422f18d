package io.argosy.broker.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.argosy.broker.command.PublishBatch.ClientHash;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** The bytes are stored in logs: a change here needs a new layout version. */
class CommandsTest {

    private static PublishBatch batch() {
        ByteBuffer source = ByteBuffer.wrap("--onetwo!".getBytes(StandardCharsets.US_ASCII));
        return new PublishBatch.Builder(7, 3, 0x0102030405060708L, new ClientHash(1, 2), 2, 6)
                .add(source, 2, 3, 0x55)
                .add(source, 5, 3, 0)
                .build();
    }

    private static String hex(ByteBuffer bytes) {
        byte[] copy = new byte[bytes.remaining()];
        bytes.get(copy);
        return HexFormat.of().formatHex(copy);
    }

    @Test
    void publishHasItsLayout() {
        assertThat(hex(batch().encode()))
                .isEqualTo("0101" + "0102030405060708" + "00000007" + "00000003" + "0000000000000001"
                        + "0000000000000002" + "0002" + "0000000300000055" + "0000000300000000" + "6f6e65" + "74776f");
    }

    @Test
    void publishIsReadBack() {
        PublishBatch read = PublishBatch.of(batch().encode());

        assertThat(read.topicId()).isEqualTo(7);
        assertThat(read.queueId()).isEqualTo(3);
        assertThat(read.timestampMillis()).isEqualTo(0x0102030405060708L);
        assertThat(read.clientHashHigh()).isEqualTo(1);
        assertThat(read.clientHashLow()).isEqualTo(2);
        assertThat(read.count()).isEqualTo(2);
        assertThat(hex(read.message(0))).isEqualTo("6f6e65");
        assertThat(hex(read.message(1))).isEqualTo("74776f");
        assertThat(read.tagHash(0)).isEqualTo(0x55);
        assertThat(read.encode().capacity() - 6).isEqualTo(PublishBatch.overheadBytes(2));
    }

    @Test
    void topicCommandsHaveTheirLayout() {
        CreateTopic create = new CreateTopic(1, "ab", 8, Duration.ofMillis(258));
        DeleteTopic delete = new DeleteTopic(1, "ab");
        TrimLog trim = new TrimLog(1, 9);

        assertThat(hex(create.encode()))
                .isEqualTo("0201" + "0000000000000001" + "00000008" + "0000000000000102" + "0002" + "6162");
        assertThat(hex(delete.encode())).isEqualTo("0301" + "0000000000000001" + "0002" + "6162");
        assertThat(hex(trim.encode())).isEqualTo("0501" + "0000000000000001" + "0000000000000009");
        assertThat(CreateTopic.decode(create.encode())).isEqualTo(create);
        assertThat(DeleteTopic.decode(delete.encode())).isEqualTo(delete);
        assertThat(TrimLog.decode(trim.encode())).isEqualTo(trim);
    }

    @Test
    void truncatedCommandsAreRefused() {
        List<Function<ByteBuffer, Command>> decoders =
                List.of(PublishBatch::of, CreateTopic::decode, DeleteTopic::decode, TrimLog::decode);
        List<Command> commands = List.of(
                batch(), new CreateTopic(1, "ab", 8, Duration.ofHours(1)), new DeleteTopic(1, "ab"), new TrimLog(1, 9));
        for (int i = 0; i < commands.size(); i++) {
            ByteBuffer whole = commands.get(i).encode();
            Function<ByteBuffer, Command> decode = decoders.get(i);
            for (int length = 0; length < whole.remaining(); length++) {
                ByteBuffer cut = whole.duplicate().limit(length);
                assertThatThrownBy(() -> decode.apply(cut)).isInstanceOf(IllegalArgumentException.class);
            }
        }
    }

    @Test
    void aBatchWhoseTableLiesIsRefused() {
        ByteBuffer bytes = ByteBuffer.allocate(batch().encode().remaining());
        bytes.put(batch().encode()).flip();
        for (int length : new int[] {-1, 2, 4, Integer.MAX_VALUE}) {
            bytes.putInt(36, length);
            assertThatThrownBy(() -> PublishBatch.of(bytes)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void kindsKeepTheirCodes() {
        assertThat(Command.Kind.values()).extracting(kind -> (int) kind.code()).containsExactly(1, 2, 3, 4, 5, 6);
    }
}
