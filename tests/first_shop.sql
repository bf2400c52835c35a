-- A shop as it was in the days of the first revision: one household, its goods, one sale that was paid and settled.
INSERT INTO area (code, parent_code, name, valid_from) VALUES
    ('52', NULL, '贵州省', '2020-01-01'), ('5226', '52', '黔东南州', '2020-01-01'), ('522636', '5226', '丹寨县', '2020-01-01'),
    ('522636100', '522636', '龙泉镇', '2020-01-01'), ('522636100201', '522636100', '卡拉村', '2020-01-01');
INSERT INTO account (id, public_id, login, display_name, password_hash, locale, active, session_epoch, created_at)
OVERRIDING SYSTEM VALUE VALUES
    (1, 'accountfarmer0', 'farmer', '杨阿山', 'x', 'zh_Hans', true, 0, '2026-01-01Z'),
    (2, 'accountbuyer00', 'buyer', '王小明', 'x', NULL, true, 3, '2026-01-01Z'),
    (3, 'accountoffice0', 'officer', '李干部', NULL, 'en', false, 0, '2026-01-01Z');
INSERT INTO role (account_id, kind, scope_code) VALUES (1, 'farmer', ''), (2, 'consumer', ''), (3, 'officer', '522636');
INSERT INTO access_token (account_id, digest, created_at, expires_at) VALUES (2, sha256('t'), '2026-01-02Z', '2026-01-03Z');
INSERT INTO sign_in_attempt (login, address, at) VALUES ('buyer', '127.0.0.1', '2026-01-02Z');
INSERT INTO preference (account_id, personalised, changed_at) VALUES (2, false, '2026-01-02Z');
INSERT INTO idempotency_key (caller, key, request_hash, claimed_at, answer)
VALUES ('accountbuyer00', 'k', sha256('r'), '2026-01-02Z', '{"a": 1}');
INSERT INTO registry_revision (id, at, actor, reason) OVERRIDING SYSTEM VALUE VALUES (1, '2025-01-01Z', 'county', '建档');
INSERT INTO household (id, public_id, code, village_code, created_at) OVERRIDING SYSTEM VALUE
VALUES (1, 'household00000', '5226361002010001', '522636100201', '2025-01-01Z');
INSERT INTO household_status (household_id, category, days, revision_id) VALUES
    (1, 'poor', '[2025-01-01,2025-06-01)', 1), (1, 'lifted_tracked', '[2025-06-01,)', 1);
INSERT INTO category (id, slug, name_zh, name_en, art, position) VALUES (1, 'fruit', '水果', 'Fruit', 'fruit', 1);
INSERT INTO product (id, slug, category_id, name_zh, name_en, art) VALUES (1, 'blueberry', 1, '蓝莓', 'Blueberry', 'berry');
INSERT INTO producer (id, public_id, kind, name_zh, name_en, area_code, household_id, account_id, badge_consent, created_at)
OVERRIDING SYSTEM VALUE
VALUES (1, 'producer000000', 'household', '杨阿山家', 'The Yangs', '522636100201', 1, 1, false, '2026-01-01Z');
INSERT INTO listing (id, public_id, producer_id, product_id, title_zh, title_en, story_zh, story_en, unit, unit_grams, price_fen,
    state, season_weeks, search_terms, created_at, published_at, category_id, area_code, available, harvested_on, benefit_bp, rank)
OVERRIDING SYSTEM VALUE
VALUES (1, 'listing0000000', 1, 1, '丹寨蓝莓', 'Danzhai blueberries', '高山蓝莓', 'From the hills', 'jin', 500, 1580,
    'on_sale', '{}', to_tsvector('simple', 'blueberry'), '2026-01-01Z', '2026-01-01Z', 1, '522636100201', 18, '2026-01-01', 10000, 0.5);
INSERT INTO lot (id, public_id, listing_id, harvested_on, on_hand, created_at) OVERRIDING SYSTEM VALUE
VALUES (1, 'lot00000000000', 1, '2026-01-01', 18, '2026-01-01Z');
INSERT INTO lot_contribution (lot_id, household_id, grams) VALUES (1, 1, 10000);
INSERT INTO stock_movement (lot_id, kind, quantity, purpose_kind, purpose_id, at) VALUES
    (1, 'harvest', 20, 'lot', 'lot00000000000', '2026-01-01Z'), (1, 'sale', -2, 'order', 'order000000000', '2026-01-02Z');
INSERT INTO basket (id, public_id, account_id, ordered, created_at, changed_at) OVERRIDING SYSTEM VALUE VALUES
    (1, 'basket00000001', 2, true, '2026-01-02Z', '2026-01-02Z'), (2, 'basket00000002', 2, false, '2026-01-03Z', '2026-01-03Z');
INSERT INTO basket_line (public_id, basket_id, listing_id, quantity, price_fen_shown) VALUES
    ('line0000000001', 1, 1, 2, 1580), ('line0000000002', 2, 1, 1.5, 1580);
INSERT INTO order_group (id, public_id, reference, basket_id, account_id, payment_method, total_fen, recipient, phone, area_code,
    address, placed_at, paid_at) OVERRIDING SYSTEM VALUE
VALUES (1, 'group000000000', 'NQ-1', 1, 2, 'bank_transfer', 3160, '王小明', '13800000000', '522636', '某路 1 号', '2026-01-02Z',
    '2026-01-02 10:00Z');
INSERT INTO "order" (id, public_id, group_id, producer_id, state, total_fen, producer_fen, service_fee_fen, shipped_at,
    delivered_at, settled_at) OVERRIDING SYSTEM VALUE
VALUES (1, 'order000000000', 1, 1, 'delivered', 3160, 3002, 158, '2026-01-03Z', '2026-01-04Z', '2026-01-05Z');
INSERT INTO order_line (order_id, listing_id, lot_id, title_zh, title_en, producer_zh, producer_en, area_code, harvested_on, unit,
    unit_grams, quantity, price_fen, total_fen, benefit_bp, benefit_fen, registry_revision)
VALUES (1, 1, 1, '丹寨蓝莓', 'Danzhai blueberries', '杨阿山家', 'The Yangs', '522636100201', '2026-01-01', 'jin', 500, 2, 1580, 3160,
    10000, 3160, 1);
INSERT INTO payment (public_id, reference, purpose_kind, purpose_id, method, amount_fen, state, created_at, paid_at)
VALUES ('payment0000000', 'NQ-1', 'order_group', 'group000000000', 'bank_transfer', 3160, 'paid', '2026-01-02Z', '2026-01-02 10:00Z');
INSERT INTO ledger_account (id, code) OVERRIDING SYSTEM VALUE VALUES
    (1, 'buyers'), (2, 'clearing'), (3, 'service_fee'), (4, 'producer:producer000000');
INSERT INTO transfer (id, public_id, kind, purpose_kind, purpose_id, at) OVERRIDING SYSTEM VALUE VALUES
    (1, 'transfer000001', 'payment', 'order_group', 'group000000000', '2026-01-02 10:00Z'),
    (2, 'transfer000002', 'settlement', 'order', 'order000000000', '2026-01-05Z');
INSERT INTO entry (transfer_id, account_id, amount_fen) VALUES
    (1, 1, -3160), (1, 2, 3160), (2, 2, -3160), (2, 3, 158), (2, 4, 3002);
INSERT INTO audit_event (at, actor, verb, object_kind, object_id, data, previous_hash, hash)
VALUES ('2026-01-02Z', 'accountbuyer00', 'order.placed', 'order_group', 'group000000000', '{}', decode(repeat('00', 32), 'hex'), sha256('a'));
INSERT INTO event (account_id, listing_id, kind, quantity, at) VALUES
    (2, 1, 'view', 1, '2026-01-02Z'), (2, 1, 'purchase', 2, '2026-01-02Z');
INSERT INTO model_version (id, state, folder, events, began_at, ended_at, note)
VALUES (1, 'ready', 'models/1', 2, '2026-01-02Z', '2026-01-02 00:01Z', '');
INSERT INTO tilt_policy (id, public_id, area_code, exposure_share, sales_share, consumer_guard, begins_on, set_by, created_at)
VALUES (1, 'policy00000000', '52', 0.3, NULL, 0.9, '2026-01-01', 'accountoffice0', '2026-01-01Z');
INSERT INTO tilt_sum (policy_id, name, value) VALUES (1, 'exposure', 1.5);
INSERT INTO served_list (public_id, at, surface, account_id, policy_id, model_version_id, listing_ids, relevance, propensity,
    benefit_bp, exposure, registered_exposure, multipliers)
VALUES ('served00000000', '2026-01-02Z', 'home', 2, 1, 1, '{1}', '{0.5}', '{1}', '{10000}', 1, 1,
    '{"guard": 0.9, "exposure": 1.2}');
INSERT INTO sales_fact (sold_on, lot_id, area_code, producer_id, product_id, order_lines, grams, total_fen, benefit_fen)
VALUES ('2026-01-02', 1, '522636100201', 1, 1, 1, 1000, 3160, 3160);
