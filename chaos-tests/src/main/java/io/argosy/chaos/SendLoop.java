package io.argosy.chaos;

import io.argosy.client.ArgosyClient;
import io.argosy.client.Message;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import org.apache.rocketmq.client.apis.ClientException;

/** Sends through one client or the other; the future holds once the message is acknowledged. */
interface SendLoop extends AutoCloseable {

    CompletableFuture<?> send(String topic, String body);

    @Override
    void close() throws IOException;

    static SendLoop official(String endpoints, String topic) throws ClientException {
        var producer = new OfficialClient(endpoints, true).producer(topic);
        return new SendLoop() {
            @Override
            public CompletableFuture<?> send(String topic, String body) {
                return producer.sendAsync(OfficialClient.message(topic, body));
            }

            @Override
            public void close() throws IOException {
                producer.close();
            }
        };
    }

    static SendLoop argosy(String endpoints) {
        ArgosyClient client = ArgosyClient.builder().endpoints(endpoints).build();
        var producer = client.producer().build();
        return new SendLoop() {
            @Override
            public CompletableFuture<?> send(String topic, String body) {
                return producer.sendAsync(Message.of(topic, body.getBytes(StandardCharsets.UTF_8)));
            }

            @Override
            public void close() {
                client.close();
            }
        };
    }
}
