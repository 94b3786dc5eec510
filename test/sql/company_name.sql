-- Legal forms of companies, one or more for each of many countries: the name
-- with it and without is one company.
\pset format unaligned
SELECT country, name, lead_mgmt.name_key(name) AS key
FROM (VALUES
  ('Argentina', 'Nordwind S.R.L.'), ('Australia', 'Nordwind Pty. Ltd.'), ('Austria', 'Nordwind Ges.m.b.H.'), ('Belarus', 'ЗАТ Nordwind'),
  ('Belgium', 'Nordwind BVBA'), ('Bosnia', 'Nordwind d.o.o.'), ('Brazil', 'Nordwind Ltda.'), ('Bulgaria', 'Nordwind ЕООД'),
  ('Canada', 'Nordwind Ltée'), ('Chile', 'Nordwind S.p.A.'), ('China', 'Nordwind有限公司'), ('Colombia', 'Nordwind S.A.S.'),
  ('Croatia', 'Nordwind j.d.o.o.'), ('Czech Republic', 'Nordwind spol. s r.o.'), ('Denmark', 'Nordwind ApS'), ('Egypt', 'Nordwind S.A.E.'),
  ('Estonia', 'Nordwind OÜ'), ('Finland', 'Nordwind Oy Ab'), ('France', 'Nordwind S.à r.l.'), ('Georgia', 'შპს Nordwind'),
  ('Germany', 'Nordwind GmbH & Co. KG'), ('Germany', 'Nordwind G.m.b.H.'), ('Germany', 'Nordwind UG (haftungsbeschränkt)'), ('Greece', 'Nordwind Α.Ε.'),
  ('Hong Kong', 'Nordwind Company Limited'), ('Hungary', 'Nordwind Kft.'), ('Iceland', 'Nordwind ehf.'), ('India', 'Nordwind Pvt. Ltd.'),
  ('Indonesia', 'PT. Nordwind Tbk'), ('Ireland', 'Nordwind DAC'), ('Israel', 'Nordwind בע"מ'), ('Italy', 'Nordwind S.p.A.'), ('Italy', 'Nordwind S.r.l.'),
  ('Japan', '株式会社Nordwind'), ('Japan', 'Nordwind K.K.'), ('Korea', '주식회사 Nordwind'), ('Latvia', 'SIA Nordwind'), ('Lithuania', 'UAB „Nordwind“'),
  ('Luxembourg', 'Nordwind S.C.A.'), ('Macedonia', 'Nordwind DOOEL'), ('Malaysia', 'Nordwind Sdn. Bhd.'), ('Mexico', 'Nordwind, S.A. de C.V.'),
  ('Mexico', 'Nordwind S. de R.L. de C.V.'), ('Netherlands', 'Nordwind B.V.'), ('Norway', 'Nordwind ASA'), ('Pakistan', 'Nordwind (Pvt) Limited'),
  ('Peru', 'Nordwind S.A.C.'), ('Poland', 'Nordwind Sp. z o.o.'), ('Poland', 'Nordwind Sp. z o.o. Sp.k.'), ('Portugal', 'Nordwind, Lda.'),
  ('Romania', 'Nordwind S.R.L.'), ('Russia', 'ООО «Nordwind»'), ('Russia', 'OOO Nordwind'), ('Serbia', 'Nordwind a.d.'), ('Singapore', 'Nordwind Pte Ltd'),
  ('Slovakia', 'Nordwind, s.r.o.'), ('Slovenia', 'Nordwind d.d.'), ('Spain', 'Nordwind, S.L.U.'), ('Sweden', 'AB Nordwind'), ('Sweden', 'Nordwind Aktiebolag'),
  ('Switzerland', 'Nordwind AG'), ('Thailand', 'บริษัท Nordwind จำกัด'), ('Turkey', 'Nordwind Ltd. Şti.'), ('Ukraine', 'ТОВ «Nordwind»'), ('Ukraine', 'Nordwind ПрАТ'),
  ('United Arab Emirates', 'Nordwind FZ-LLC'), ('United Kingdom', 'Nordwind PLC'), ('United States', 'Nordwind, Inc.'), ('United States', 'The Nordwind Corporation, LLC'),
  ('Uzbekistan', 'Nordwind MCHJ'), ('Vietnam', 'Công ty TNHH Nordwind')
) AS company (country, name) WHERE lead_mgmt.name_key(name) IS DISTINCT FROM 'nordwind';
-- what is no legal form stays
SELECT name, lead_mgmt.name_key(name) AS key
FROM (VALUES ('Nordwind Holding'), ('Nordwind Group'), ('Nordwind & Söhne'), ('Cosa'), ('Agfa'), ('Limited'), ('AB'), ('SAS Institute Inc.'), ('AS Roma'),
  ('Nordwind International Trading'), ('Bank of America Corp'), ('Nordwind 24')) AS company (name);
