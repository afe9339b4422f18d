package io.argosy.broker.queue;

import static org.assertj.core.api.Assertions.assertThat;

import io.argosy.broker.publish.CompactBatches;
import io.argosy.wire.batch.BodyCodec;
import io.argosy.wire.batch.CompactBatch;
import io.argosy.wire.batch.CompactBatchBuilder;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class OpenBodiesTest {

    private static final int BYTES = 1000;

    private final OpenBodies open = new OpenBodies(2 * BYTES);

    private static CompactBatch batch(int fill) {
        CompactBatchBuilder builder = new CompactBatchBuilder(new byte[64], "");
        byte[] body = new byte[BYTES];
        Arrays.fill(body, (byte) fill);
        builder.add(ByteBuffer.wrap(body));
        return CompactBatch.of(ByteBuffer.wrap(CompactBatches.sealed(builder, BodyCodec.LZ4, 1, 0, 1)));
    }

    private ByteBuffer of(long index) {
        return open.of(index, batch((int) index)).orElseThrow();
    }

    @Test
    void whatWasOpenedLatelyIsNotOpenedAgain() {
        ByteBuffer first = of(1);
        ByteBuffer second = of(2);

        assertThat(of(1)).isSameAs(first);
        of(3);
        assertThat(of(1)).isSameAs(first);
        assertThat(of(2)).isNotSameAs(second).isEqualTo(second);
    }
}
