package io.argosy.broker.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.argosy.proto.v2.Code;
import io.argosy.proto.v2.Message;
import io.argosy.proto.v2.ReceiveMessageResponse;
import io.argosy.proto.v2.Resource;
import io.argosy.proto.v2.SendMessageResponse;
import io.argosy.proto.v2.Status;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class MeteredCallTest {

    @ParameterizedTest
    @EnumSource(
            names = {"UNRECOGNIZED", "CODE_UNSPECIFIED"},
            mode = EnumSource.Mode.EXCLUDE)
    void everyCodeIsReadFromTheFirstBytes(Code code) {
        Status status = Status.newBuilder()
                .setCode(code)
                .setMessage("a text that is long enough to need two bytes for the length of the status ".repeat(3))
                .build();

        assertThat(MeteredCall.code(SendMessageResponse.newBuilder()
                        .setStatus(status)
                        .build()
                        .toByteString()))
                .isEqualTo(code.getNumber());
    }

    @Test
    void answersWithoutAStatusHaveNoCode() {
        ReceiveMessageResponse message = ReceiveMessageResponse.newBuilder()
                .setMessage(Message.newBuilder().setTopic(Resource.newBuilder().setName("orders")))
                .build();

        assertThat(MeteredCall.code(message.toByteString())).isZero();
        assertThat(MeteredCall.code(ByteString.EMPTY)).isZero();
        assertThat(MeteredCall.code(ByteString.copyFrom(new byte[] {0x0a, (byte) 0x80, (byte) 0x80, (byte) 0x80})))
                .isZero();
    }
}
