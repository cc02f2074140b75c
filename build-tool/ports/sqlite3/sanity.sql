-- SPDX-License-Identifier: Apache-2.0
-- Tables, indexes, joins, transactions, recursion, full text, JSON, window functions. Each check adds a row
-- with 1 where it holds; the last two lines say how many there were, and `ok` when none failed.
create table checks(name text, good int);
create table a(id integer primary key, name text unique, v real);
create index a_v on a(v);
begin;
with recursive n(i) as (select 1 union all select i + 1 from n where i < 5000)
    insert into a select i, 'name' || i, i * 0.5 from n;
commit;
insert into checks select 'sum', sum(v) = 6251250.0 from a;
insert into checks select 'index', count(*) = 11 from a where v between 100 and 105;
create table b(a_id int references a(id), tag text);
insert into b select id, case id % 3 when 0 then 'fizz' else 'other' end from a;
insert into checks select 'join', count(*) = 1666 from a join b on b.a_id = a.id where tag = 'fizz';
begin; delete from a; rollback;
insert into checks select 'rollback', count(*) = 5000 from a;
savepoint s; update a set v = 0; rollback to s; release s;
insert into checks select 'savepoint', max(v) = 2500 from a;
insert into checks select 'group', group_concat(tag, ',') = 'fizz,other' from (select distinct tag from b order by tag);
insert into checks select 'window', sum(r) = 6 from (select row_number() over (order by id) r from a limit 3);
insert into checks select 'json', json_extract('{"x":[1,{"y":42}]}', '$.x[1].y') = 42;
insert into checks select 'date', date('2000-02-28', '+1 day') = '2000-02-29';
insert into checks select 'printf', printf('%08.3f|%5s', 3.14159, 'ab') = '0003.142|   ab';
insert into checks select 'blob', hex(zeroblob(2)) = '0000' and length(randomblob(10)) = 10;
create virtual table f using fts5(t);
insert into f values('the quick brown fox'), ('jumps over the lazy dog');
insert into checks select 'fts', count(*) = 1 from f where f match 'quick AND fox';
create trigger grow after insert on b begin update a set v = v + 1 where id = new.a_id; end;
insert into b values(1, 'new');
insert into checks select 'trigger', v = 1.5 from a where id = 1;
vacuum;
insert into checks select 'integrity', (select integrity_check from pragma_integrity_check) = 'ok';
select 'failed', name from checks where not good or good is null;
select 'checks', count(*) from checks;
select 'ok' where (select count(*) from checks where good) = 14;
