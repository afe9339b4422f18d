/**
 * Registration on the wire: decodes and validates what brokers say, asks the route table, answers. No rules of its own.
 * Calls of one stream come one at a time, on network threads.
 */
@NullMarked
package io.argosy.namesrv.registration;

import org.jspecify.annotations.NullMarked;
