'use strict';
// Sends COUNT messages with the official Node.js client, receives them with a simple and with a push consumer, and
// prints one JSON object: what was acknowledged and what each consumer got.
// Usage: node roundtrip.js ENDPOINT TOPIC COUNT

const { Producer, SimpleConsumer, PushConsumer, ConsumeResult } = require('rocketmq-client-nodejs');

const [ endpoints, topic, countText ] = process.argv.slice(2);
const count = Number(countText);
const quiet = { info() {}, warn() {}, error() {}, debug() {}, close() {} };
const deadline = Date.now() + 60000;

async function produce() {
  const producer = new Producer({ endpoints, namespace: '', logger: quiet });
  await producer.startup();
  const acknowledged = [];
  for (let i = 0; i < count; i++) {
    const receipt = await producer.send({
      topic,
      tag: 'node',
      keys: [ `key-${i}` ],
      properties: new Map([[ 'number', String(i) ]]),
      body: Buffer.from(`node-${i}`),
    });
    acknowledged.push(receipt.messageId);
  }
  await producer.shutdown();
  return acknowledged;
}

function describe(view) {
  return {
    messageId: view.messageId,
    body: view.body.toString(),
    tag: view.tag,
    keys: view.keys,
    number: view.properties.get('number'),
    attempt: view.deliveryAttempt,
    corrupted: view.corrupted,
  };
}

async function consumeSimply() {
  const consumer = new SimpleConsumer({
    endpoints,
    namespace: '',
    consumerGroup: 'node-simple',
    subscriptions: new Map([[ topic, '*' ]]),
    awaitDuration: 3000,
    logger: quiet,
  });
  await consumer.startup();
  const received = new Map();
  while (received.size < count && Date.now() < deadline) {
    for (const view of await consumer.receive(16, 20000)) {
      received.set(view.messageId, describe(view));
      await consumer.ack(view);
    }
  }
  await consumer.shutdown();
  return [ ...received.values() ];
}

async function consumeByPush() {
  const received = new Map();
  let done;
  const all = new Promise(resolve => { done = resolve; });
  const consumer = new PushConsumer({
    endpoints,
    namespace: '',
    consumerGroup: 'node-push',
    subscriptions: new Map([[ topic, '*' ]]),
    logger: quiet,
    messageListener: {
      async consume(view) {
        received.set(view.messageId, describe(view));
        if (received.size >= count) done();
        return ConsumeResult.SUCCESS;
      },
    },
  });
  await consumer.startup();
  const limit = setTimeout(done, Math.max(1, deadline - Date.now()));
  await all;
  clearTimeout(limit);
  await consumer.shutdown();
  return [ ...received.values() ];
}

async function main() {
  const acknowledged = await produce();
  const simple = await consumeSimply();
  const push = await consumeByPush();
  process.stdout.write(JSON.stringify({ acknowledged, simple, push }) + '\n');
}

main().then(
  () => process.exit(0),
  error => {
    process.stderr.write(`${error.stack}\n`);
    process.exit(1);
  });
